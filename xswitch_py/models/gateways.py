"""Gateways: the carriers and other switches. The members are the keys of `gateways.toml`, and mean the same."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from xswitch_py.models.given import NO_OTHERS, SECRET, left_out
from xswitch_py.models.shape import Model, Moment

__all__ = ["Gateway", "GatewayChange", "GatewayStatus", "NewGateway", "Rewrite"]

GatewayName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Host = Annotated[str, StringConstraints(min_length=1, max_length=262, pattern=r"^[A-Za-z0-9._:\[\]-]+$")]
Line = Annotated[str, StringConstraints(max_length=256, pattern=r"^[^\x00-\x1f\x7f]*$")]
Domain = Annotated[str, StringConstraints(max_length=253, pattern=r"^[A-Za-z0-9._-]*$")]
Dialled = Annotated[str, StringConstraints(max_length=64, pattern=r"^[0-9A-Za-z*#+._~!-]*$")]
Start = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z*#+._~!-]+$")]
Context = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Codec = Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Za-z0-9._-]+$")]
Network = Annotated[str, StringConstraints(max_length=50, pattern=r"^[0-9A-Fa-f.:/]+$")]
ParameterName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9.!%*_+`'~-]+$")]
Parameter = Annotated[str, StringConstraints(max_length=128, pattern=r"^[!-~]*$")]


_LONGEST: Final = 200


class Rewrite(Model):
    """A number that fits as a whole becomes another."""

    match: str
    """A regular expression."""
    replace: str
    """`$0` is the number, `$1` to `$9` are the groups."""


class _Settings(Model):
    """Times are in seconds. What a file says may be longer than what is taken from programs."""

    proxy: Host
    """`host`, `host:port` or `[IPv6]:port`; a name without a port may have SRV records."""
    transport: Literal["", "udp", "tcp", "tls"] = "udp"
    """Empty: as the DNS says."""
    register_: bool = Field(default=False, alias="register")
    """Whether we register there."""
    username: Line = ""
    """Whom we are there, in the address and in the login; it needs a password."""
    auth_username: Line = ""
    """Where the carrier wants another name in the login than in the address."""
    realm: Line = ""
    """If set, no challenge to a registration is answered but of this realm."""
    from_user: Line = ""
    """The user in our address there, where it is not to be the caller."""
    from_domain: Domain = ""
    """The domain in our address there; empty: the proxy if there is a username, or else the switch's own."""
    extension: Dialled = ""
    """What its calls dial, whatever they say."""
    context: Context = "public"
    """Of the dialplan, for the calls that come in."""
    expire: Annotated[int, Field(ge=60, le=86_400)] = 600
    """How long to register for."""
    retry: Annotated[float, Field(ge=5, le=900)] = 30.0
    """Until the first new attempt after a registration failed; doubles up to 900."""
    ping: Annotated[float, Field(ge=0, le=3600)] = 30.0
    """Between two OPTIONS that see whether it is alive: at least 5; 0: never."""
    timeout: Annotated[float, Field(ge=1, le=32)] = 6.0
    """Until an address that does not answer is given up for the next."""
    codecs: list[str] = Field(default_factory=list)
    """Audio encodings to offer, in order; empty: what the call has."""
    srtp: Literal["", "sdes"] = ""
    """Whether sound is encrypted, by keys in the SDP; only over TLS do these stay secret."""
    rewrite: list[Rewrite] = Field(default_factory=list)
    """Of numbers that are dialled out; the first that fits counts."""
    normalise: list[Rewrite] = Field(default_factory=list)
    """Of the numbers of its callers."""
    caller_id: Dialled = ""
    """The number that all our calls show."""
    allow: list[str] = Field(default_factory=list)
    """Addresses and networks that its calls may come from, beside those of the proxy."""
    deny: list[str] = Field(default_factory=list)
    """How numbers begin that are never dialled there."""
    max_calls: Annotated[int, Field(ge=0, le=100_000)] = 0
    """At a time, both ways; 0: any number."""
    calls_per_second: Annotated[float, Field(ge=0, le=10_000)] = 0.0
    """0: any number."""
    trusted: bool = False
    """Whether it is believed who calls, and told so of our callers."""
    weight: Annotated[int, Field(ge=1, le=1000)] = 1
    """How often it is tried first among the gateways of one route, beside the others' weights."""
    contact_params: dict[str, str] = Field(default_factory=dict)
    """More parameters of our Contact."""


class GatewayStatus(Model):
    """How a gateway stands."""

    state: Literal["NOREG", "UNREGED", "TRYING", "REGED", "FAILED", "FAIL_WAIT", "DOWN", "DISABLED"]
    up: bool
    """Whether calls go out through it."""
    code: int
    """Of the last answer to a REGISTER or an OPTIONS; 0: none yet."""
    text: str
    """What went wrong last; empty: nothing is wrong."""
    since: Moment | None
    inbound: int
    """Calls now."""
    outbound: int
    target: str
    """The address that is tried first, `udp:192.0.2.1:5060`; empty: none is known."""


class Gateway(_Settings):
    """A gateway, and how it stands."""

    model_config = ConfigDict(serialize_by_alias=True)  # at every door

    name: str
    """What rules of the dialplan call it: `bridge gateway/NAME/NUMBER`. Also the id."""
    enabled: bool
    """One that is not is neither registered with nor called."""
    origin: Literal["file", "database"]
    """Those of the file are changed there."""
    has_password: bool
    """It is never shown."""
    changed: Moment | None = None
    """Null for those of the file."""
    status: GatewayStatus | None = None
    """How it stands now."""

    def plain(self) -> "Gateway":
        """Show what is set of it alone: what changes are compared by."""
        return self.model_copy(update={"status": None})


def _short(rules: list[Rewrite]) -> list[Rewrite]:
    if any(len(rule.match) > _LONGEST or len(rule.replace) > _LONGEST for rule in rules):
        raise ValueError(f"patterns have at most {_LONGEST} characters")
    return rules


Rewrites = Annotated[list[Rewrite], Field(max_length=100), AfterValidator(_short)]


class _Given(_Settings):
    enabled: bool = True
    """One that is not is neither registered with nor called."""
    password: Annotated[Line, SECRET] = left_out(repr=False)
    """Never shown. A change that leaves it out leaves it as it is."""
    codecs: Annotated[list[Codec], Field(max_length=32)] = Field(default_factory=list)
    """Audio encodings to offer, in order; empty: what the call has."""
    rewrite: Rewrites = Field(default_factory=list)
    """Of numbers that are dialled out; the first that fits counts."""
    normalise: Rewrites = Field(default_factory=list)
    """Of the numbers of its callers."""
    allow: Annotated[list[Network], Field(max_length=256)] = Field(default_factory=list)
    """Addresses and networks that its calls may come from, beside those of the proxy."""
    deny: Annotated[list[Start], Field(max_length=1000)] = Field(default_factory=list)
    """How numbers begin that are never dialled there."""
    contact_params: Annotated[dict[ParameterName, Parameter], Field(max_length=16), NO_OTHERS] = Field(
        default_factory=dict
    )
    """More parameters of our Contact."""


class NewGateway(_Given):
    """A gateway to be made."""

    name: GatewayName
    """What rules of the dialplan call it: `bridge gateway/NAME/NUMBER`. Also the id, and never changed."""


def _no_defaults(schema: dict[str, Any]) -> None:
    for member in schema.get("properties", {}).values():
        member.pop("default", None)


class GatewayChange(_Given):
    """What is to be another way; what is left out stays."""

    model_config = ConfigDict(json_schema_extra=_no_defaults)

    proxy: Host = left_out()
    """`host`, `host:port` or `[IPv6]:port`; a name without a port may have SRV records."""
