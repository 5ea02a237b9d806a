"""Users, and what their phones and they themselves log in with. Secrets only go in."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints

from xswitch_py.base.user import User as Account
from xswitch_py.models.given import NO_OTHERS, left_out
from xswitch_py.models.shape import Model, Name, Text

__all__ = ["NewUser", "Reset", "ResetDone", "User", "UserChange", "UserMade"]


def _sayable(name: str) -> str:
    if not all(sign.isalnum() or sign in "_.+~!*'-" for sign in name):
        raise ValueError("a name has letters, digits and _ . + ~ ! * ' -")
    return name


UserName = Annotated[Name, AfterValidator(_sayable)]
Number = Annotated[str, StringConstraints(max_length=40, pattern=r"^[0-9A-Za-z+*#._~!-]*$")]
Context = Annotated[str, StringConstraints(max_length=64, pattern=r"^[\w.-]+$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.-]{0,63}$")]
Value = Annotated[str, StringConstraints(max_length=1000)]
Variables = Annotated[dict[VariableName, Value], Field(max_length=50), NO_OTHERS]
PhoneSecret = Annotated[str, StringConstraints(min_length=4, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
WebPassword = Annotated[str, StringConstraints(min_length=8, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]


class User(Model):
    """One person, or one phone that stands somewhere."""

    name: str
    """What phones log in as; also the id."""
    display_name: str
    number: str
    """What others see and dial; empty: the name."""
    role: str
    enabled: bool
    context: str
    """Of the dialplan, for the calls of this user."""
    variables: dict[str, str]
    has_phone_secret: bool
    """Without one no phone may log in."""
    has_web_password: bool
    """Without one nobody may log in on the web pages."""

    @classmethod
    def of(cls, account: Account) -> Self:
        """Show one."""
        return cls(
            name=account.name,
            display_name=account.display_name,
            number=account.number,
            role=account.role,
            enabled=account.enabled,
            context=account.context,
            variables=dict(account.variables),
            has_phone_secret=account.ha1_md5 is not None or account.ha1_sha256 is not None,
            has_web_password=account.web_hash is not None,
        )


class UserMade(User):
    """A user that was just made."""

    phone_secret: str | None = Field(default=None, repr=False)
    """The one that was made up, shown this once; null if one was given."""

    def plain(self) -> User:
        """Show the user as later on."""
        return User(**self.model_dump(exclude={"phone_secret"}))


class NewUser(Model):
    """A user to be made."""

    name: UserName
    display_name: Text = ""
    number: Number = ""
    role: Name = "user"
    enabled: bool = True
    context: Context = "default"
    variables: Variables = Field(default_factory=dict)
    phone_secret: PhoneSecret | None = Field(default=None, repr=False)
    """Left out: one is made up and shown once. Null: no phone may log in."""
    web_password: WebPassword | None = Field(default=None, repr=False)
    """Null, or left out: nobody may log in on the web pages."""


class UserChange(Model):
    """What is to be another way; what is left out stays."""

    display_name: Text = left_out()
    number: Number = left_out()
    role: Name = left_out()
    enabled: bool = left_out()
    context: Context = left_out()
    variables: Variables = left_out()
    """All of them: those that are not among these are gone."""
    phone_secret: PhoneSecret | None = left_out(repr=False)
    """Null: no phone may log in any more."""
    web_password: WebPassword | None = left_out(repr=False)
    """Null: nobody may log in on the web pages any more."""


class Reset(Model):
    """Which secret is to be another one."""

    what: Literal["web", "phone"]
    password: PhoneSecret | None = Field(default=None, repr=False)
    """Null, or left out: one is made up and shown once. For the web pages at least eight characters."""


class ResetDone(Model):
    """That it is another one."""

    what: Literal["web", "phone"]
    password: str | None = Field(default=None, repr=False)
    """The one that was made up, shown this once; null if one was given."""
