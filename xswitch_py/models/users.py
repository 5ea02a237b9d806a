"""Users, and what their phones and they themselves log in with. Secrets only go in."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints

from xswitch_py.base.user import User as Account
from xswitch_py.models.given import NO_OTHERS, SECRET, left_out
from xswitch_py.models.problem import Fault
from xswitch_py.models.shape import Model, Name, Text

__all__ = [
    "Import",
    "Imported",
    "ImportedRow",
    "NewUser",
    "Reset",
    "ResetDone",
    "User",
    "UserChange",
    "UserMade",
]


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
PhoneSecret = Annotated[str, StringConstraints(min_length=4, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$"), SECRET]
WebPassword = Annotated[str, StringConstraints(min_length=8, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$"), SECRET]


class User(Model):
    """One person, or one phone that stands somewhere."""

    name: str
    """What phones log in as; also the id."""
    display_name: str
    """What others are shown."""
    number: str
    """What others see and dial; empty: the name."""
    role: str
    """What they may do, by permissions.toml."""
    enabled: bool
    """Who is not cannot log in anywhere."""
    context: str
    """Of the dialplan, for the calls of this user."""
    variables: dict[str, str]
    """For programs and call flows."""
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
    """What phones log in as; also the id, and never changed."""
    display_name: Text = ""
    """What others are shown."""
    number: Number = ""
    """What others see and dial; empty: the name."""
    role: Name = "user"
    """What they may do, by permissions.toml: `user`, `operator`, `admin`, or one that was added there."""
    enabled: bool = True
    """Who is not cannot log in anywhere."""
    context: Context = "default"
    """Of the dialplan, for the calls of this user."""
    variables: Variables = Field(default_factory=dict)
    """For programs and call flows."""
    phone_secret: PhoneSecret | None = Field(default=None, repr=False)
    """Left out: one is made up and shown once. Null: no phone may log in."""
    web_password: WebPassword | None = Field(default=None, repr=False)
    """Null, or left out: nobody may log in on the web pages."""


class UserChange(Model):
    """What is to be another way; what is left out stays."""

    display_name: Text = left_out()
    """What others are shown."""
    number: Number = left_out()
    """What others see and dial; empty: the name."""
    role: Name = left_out()
    """What they may do. With another role they have to log in again."""
    enabled: bool = left_out()
    """Who is not cannot log in anywhere, and is sent off at once."""
    context: Context = left_out()
    """Of the dialplan, for the calls of this user."""
    variables: Variables = left_out()
    """All of them: those that are not among these are gone."""
    phone_secret: PhoneSecret | None = left_out(repr=False)
    """Null: no phone may log in any more."""
    web_password: WebPassword | None = left_out(repr=False)
    """Null: nobody may log in on the web pages any more."""


class Reset(Model):
    """Which secret is to be another one."""

    what: Literal["web", "phone"]
    """What they log in with on the web pages, or what their phones do."""
    password: PhoneSecret | None = Field(default=None, repr=False)
    """Null, or left out: one is made up and shown once. For the web pages at least eight characters."""


class ResetDone(Model):
    """That it is another one."""

    what: Literal["web", "phone"]
    password: str | None = Field(default=None, repr=False)
    """The one that was made up, shown this once; null if one was given."""


class Import(Model):
    """Users to be made, as of a table."""

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=200)] = Field(repr=False)
    """Each has the members that `users.create` takes, and is judged by itself."""
    dry_run: bool = False
    """Whether it is only said what would become of them."""
    keep: Literal["all", "good"] = "all"
    """`all`: if one row is refused nobody is made. `good`: those that are not refused are made."""


class ImportedRow(Model):
    """What became of a row."""

    row: int
    """1 is the first."""
    name: str
    """Of the user; empty if the row has none that could be one."""
    outcome: Literal["made", "would be made", "refused"]
    errors: list[Fault] = Field(default_factory=list)
    phone_secret: str | None = Field(default=None, repr=False)
    """The one that was made up, shown this once; null if one was given, or nobody was made."""


class Imported(Model):
    """What became of the rows, in their order."""

    rows: list[ImportedRow]
    made: int
    """Users that are there now and were not before; 0 if it was only tried out."""
    refused: int
