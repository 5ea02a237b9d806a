"""SDP objects to text (RFC 8866)."""

from collections.abc import Iterator

from xswitch_py.base.sdp.model import Candidate, Format, Section, Session

__all__ = ["serialise"]


def serialise(session: Session) -> str:
    """Write a description. Each line ends in CRLF; ICE lite of any m-line is said of the session."""
    origin = session.origin
    lines = [
        "v=0",
        f"o={origin.user} {origin.session} {origin.version} {_address(origin.address)}",
        f"s={session.name}",
        "t=0 0",
        *(f"a=group:{' '.join(group)}" for group in session.groups),
        *(["a=ice-lite"] if any(section.ice_lite for section in session.sections) else []),
        *(_attribute(name, value) for name, value in session.attributes),
        *(line for section in session.sections for line in _lines(section)),
        "",
    ]
    return "\r\n".join(lines)


def _lines(section: Section) -> Iterator[str]:
    listed = [str(form.pt) for form in section.formats] or section.tokens or ["0"]
    yield f"m={section.kind} {section.port} {section.protocol} {' '.join(listed)}"
    if section.address:
        yield f"c={_address(section.address)}"
    if section.rtcp_port:
        yield f"a=rtcp:{section.rtcp_port}"
    for name, text in (
        ("ice-ufrag", section.ufrag),
        ("ice-pwd", section.pwd),
        ("ice-options", section.ice_options),
        ("setup", section.setup),
        ("mid", section.mid),
        ("msid", section.msid),
        ("ptime", str(section.ptime or "")),
    ):
        if text:
            yield f"a={name}:{text}"
    yield f"a={section.direction}"
    for name, said in (
        ("rtcp-mux", section.rtcp_mux),
        ("rtcp-rsize", section.rtcp_rsize),
        ("bundle-only", section.bundle_only),
    ):
        if said:
            yield f"a={name}"
    yield from (f"a=fingerprint:{one.algorithm} {one.value}" for one in section.fingerprints)
    yield from (f"a=crypto:{line}" for line in section.crypto)
    yield from (f"a=extmap:{number} {uri}" for number, uri in section.extensions)
    for form in section.formats:
        yield from _format_lines(form)
    yield from (f"a=ssrc:{ssrc} cname:{cname}" for ssrc, cname in section.sources)
    yield from (_attribute(name, value) for name, value in section.attributes)
    yield from (_candidate_line(candidate) for candidate in section.candidates)
    if section.end_of_candidates:
        yield "a=end-of-candidates"


def _format_lines(form: Format) -> Iterator[str]:
    if form.name:
        channels = f"/{form.channels}" if form.channels > 1 else ""
        yield f"a=rtpmap:{form.pt} {form.name}/{form.clock}{channels}"
    if form.fmtp:
        yield f"a=fmtp:{form.pt} {form.fmtp}"
    yield from (f"a=rtcp-fb:{form.pt} {kind}" for kind in form.feedback)


def _candidate_line(one: Candidate) -> str:
    related = f" raddr {one.related_address} rport {one.related_port}" if one.related_address else ""
    return (
        f"a=candidate:{one.foundation} {one.component} {one.transport} {one.priority} {one.host} {one.port}"
        f" typ {one.kind}{related}"
    )


def _attribute(name: str, value: str) -> str:
    return f"a={name}:{value}" if value else f"a={name}"


def _address(address: str) -> str:
    return f"IN IP6 {address}" if ":" in address else f"IN IP4 {address}"
