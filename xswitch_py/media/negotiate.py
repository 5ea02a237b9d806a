"""Offer and answer with a WebRTC peer: what is in common, and what our SDP says (RFC 3264, RFC 8829, RFC 8843).

One leg has one transport, so video is agreed only if it is bundled with the audio.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address, ip_address
from itertools import count
from typing import Final

from xswitch_py.base.errors import MediaError
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Candidate, Fingerprint, Format, Origin, Section, Session
from xswitch_py.media.api import Heard, Video
from xswitch_py.media.formats import EXTENSIONS, digits, formats_of, known_in
from xswitch_py.media.streams import (
    DIRECTIONS,
    PTIME,
    Stream,
    again,
    answered,
    audio_of,
    chosen,
    listed,
    of_kind,
    refusal,
    renumbered,
)

__all__ = [
    "CNAME",
    "Agreed",
    "Format",
    "Local",
    "Remote",
    "Stream",
    "heard",
    "is_secure",
    "make_answer",
    "make_offer",
    "read_answer",
    "remake_offer",
]


@dataclass(frozen=True, slots=True)
class Remote:
    """How the peer is reached and recognised.

    Candidates are UDP, for component 1, with a unicast address or a `.local` name; there may be none at all.
    """

    ufrag: str
    pwd: str
    fingerprints: tuple[Fingerprint, ...]
    dtls_client: bool  # whether *we* begin the DTLS handshake
    candidates: tuple[Candidate, ...]
    lite: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    """What our SDP says of us: the transport made it, `negotiate` only writes it down."""

    ufrag: str
    pwd: str
    fingerprint: Fingerprint
    candidates: tuple[Candidate, ...]
    ssrcs: Mapping[str, int] = field(default_factory=dict)  # kind -> our SSRC
    session: int = 0  # the o= line's session id; grows by no one
    version: int = 1
    client: bool | None = None  # whether we began the DTLS handshake whose keys stay in use


@dataclass(frozen=True, slots=True)
class Agreed:
    """The outcome of an offer and its answer."""

    remote: Remote
    streams: tuple[Stream, ...]  # one an m-line, in order

    def stream(self, kind: str) -> Stream | None:
        """Give the accepted stream of this kind, if there is one."""
        return of_kind(self.streams, kind)


SECURE: Final = (
    "UDP/TLS/RTP/SAVPF",
    "UDP/TLS/RTP/SAVP",
    "RTP/SAVPF",  # FreeSWITCH offers this
    "RTP/SAVP",
    "TCP/DTLS/RTP/SAVPF",  # RFC 8829 section 5.1.2
    "TCP/DTLS/RTP/SAVP",
)
DIGESTS: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}  # fingerprints we can check: length in bytes
# Whether we begin the DTLS handshake, by the a=setup of the peer's offer or answer (RFC 8842 sections 5.2 and 5.3).
ROLES: Final = {
    "offer": {"actpass": True, "passive": True, "active": False},
    "answer": {"passive": True, "active": False},
}
CNAME: Final = "xswitch"  # of our SSRCs, in SDP and in RTCP; also the name of our one media stream

_UFRAG: Final = re.compile(r"[A-Za-z0-9+/]{4,256}")  # RFC 8839 section 5.4
_PWD: Final = re.compile(r"[A-Za-z0-9+/]{22,256}")
_HEX: Final = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2})*")


def is_secure(offer: Session) -> bool:
    """Tell whether an offer wants DTLS-SRTP: a fingerprint, and a profile that only DTLS has or ICE beside it."""
    return any(
        _is_live(section) and section.fingerprints and ("TLS" in section.protocol or bool(section.ufrag))
        for section in offer.sections
        if section.kind == "audio"
    )


def heard(offer: Session) -> Heard:
    """Say what an offer has in common with us.

    Raises:
        MediaError: nothing, or the offer lacks what WebRTC needs.
    """
    served = _served(offer)
    _remote("offer", offer, [*served.values()])
    known = {kind: known_in(offer.sections[index]) for kind, index in served.items()}
    audio, video = (tuple(dict.fromkeys(form.name for form in known.get(kind, ()))) for kind in EXTENSIONS)
    return Heard(audio, video, digits=digits(offer.sections[served["audio"]], 0) is not None)


def make_answer(offer: Session, wish: Wish, local: Local) -> tuple[Session, Agreed]:
    """Answer an offer with the first audio encoding of the wish that it has, and video likewise if the wish has some.

    Raises:
        MediaError: no audio of the wish was offered, or the offer lacks what WebRTC needs.
    """
    served = _served(offer)
    streams = chosen(offer, served, wish, known_in)
    remote = _remote("offer", offer, [index for index, stream in enumerate(streams) if stream.formats])
    if local.client is not None:  # the role stays (RFC 8842 section 5.2)
        remote = replace(remote, dtls_client=local.client)
    setup = "active" if remote.dtls_client else "passive"
    sections = tuple(
        _accepted(section, stream, setup, local) if stream.formats else refusal(section)
        for section, stream in zip(offer.sections, streams, strict=True)
    )
    mids = [stream.mid for stream in streams if stream.formats]
    bundle = _bundle(offer, streams[served["audio"]].mid)
    return _session(local, sections, [mid for mid in bundle if mid in mids]), Agreed(remote, streams)


def make_offer(wish: Wish, local: Local) -> Session:
    """Offer what is wished for, in its order.

    Raises:
        MediaError: the wish has no audio encoding that we know.
    """
    sections = [_offered("audio", "0", audio_of(wish), local)]
    if video := formats_of("video", wish.video):
        made = _offered("video", "1", video, local)
        sections.append(replace(made, direction=DIRECTIONS[wish.shows, True]))
    return _session(local, tuple(sections), [section.mid for section in sections])


def remake_offer(theirs: Session, agreed: Agreed, local: Local, video: Video | None = None) -> Session:
    """Offer anew what is in use, in the m-lines there are (RFC 3264 section 8); `theirs` is the peer's last word.

    Where `video` is given, that is offered instead of what is in use: in the m-line it has, or else in another.
    """
    sections = [
        _offered(section.kind, section.mid or stream.mid, again(section, stream), local, stream.extensions)
        if stream.formats
        else refusal(section)
        for section, stream in zip(theirs.sections, agreed.streams, strict=True)
    ]
    if video is not None:
        _offer_video(sections, theirs, agreed, video, local)
    return _session(local, tuple(sections), [section.mid for section in sections if section.port and section.mid])


def read_answer(offer: Session, answer: Session) -> Agreed:
    """Take the peer's answer to our offer. M-lines are told by their order: not everybody echoes a mid.

    Raises:
        MediaError: it does not answer our offer, or agrees on no audio.
    """
    if [section.kind for section in answer.sections] != [section.kind for section in offer.sections]:
        raise MediaError("answer has other m-lines than the offer")
    bundle = next((_bundle(answer, section.mid) for section in answer.sections if section.kind == "audio"), ())
    streams = tuple(
        answered(ours, theirs)
        if ours.port and theirs.port and (ours.kind == "audio" or theirs.mid in bundle)
        else Stream(ours.kind, ours.mid)
        for ours, theirs in zip(offer.sections, answer.sections, strict=True)
    )
    if not any(stream.kind == "audio" and stream.formats for stream in streams):
        raise MediaError("answer has no audio encoding of the offer")
    return Agreed(_remote("answer", answer, [index for index, stream in enumerate(streams) if stream.formats]), streams)


def _served(offer: Session) -> dict[str, int]:
    """Choose the m-lines of an offer that we can serve: the first audio, and the first video on the same transport."""
    mids = [section.mid for section in offer.sections if section.mid]
    if len(set(mids)) < len(mids):
        raise MediaError("offer has two m-lines of one mid")
    live = {index: section for index, section in enumerate(offer.sections) if _is_live(section)}
    audio = {index: section for index, section in live.items() if section.kind == "audio"}
    if not audio:
        raise MediaError("offer has no audio over DTLS-SRTP")
    index = next((index for index, section in audio.items() if known_in(section)), None)
    if index is None:
        raise MediaError("offer has no audio codec in common with us")
    bundle = _bundle(offer, audio[index].mid)
    video = next((i for i, s in live.items() if s.kind == "video" and s.mid in bundle and known_in(s)), None)
    return {"audio": index} if video is None else {"audio": index, "video": video}


def _is_live(section: Section) -> bool:
    """Tell whether an offered m-line can carry media; port 0 is fine for one that relies on its bundle (RFC 8843)."""
    return section.protocol in SECURE and bool(section.port or section.bundle_only)


def _bundle(session: Session, mid: str) -> tuple[str, ...]:
    """Give the mids that share a transport with this one, itself included."""
    groups = (group[1:] for group in session.groups if group[0] == "BUNDLE")
    return next((mids for mids in groups if mid and mid in mids), ())


def _remote(what: str, session: Session, accepted: list[int]) -> Remote:
    """Read the peer's end of the transport that the accepted m-lines share: the first of them in the bundle has it."""
    sections = [session.sections[index] for index in accepted]
    bundle = _bundle(session, sections[0].mid)
    carrier = min(sections, key=lambda section: bundle.index(section.mid)) if bundle else sections[0]
    prints = tuple(one for one in carrier.fingerprints if _is_digest(one))
    role = ROLES[what].get(carrier.setup)
    needed = {
        "a=rtcp-mux": all(section.rtcp_mux for section in sections),
        "a usable a=fingerprint": bool(prints),
        "a legal a=ice-ufrag": bool(_UFRAG.fullmatch(carrier.ufrag)),
        "a legal a=ice-pwd": bool(_PWD.fullmatch(carrier.pwd)),
        "a usable a=setup": role is not None,
    }
    if missing := [name for name, there in needed.items() if not there]:
        raise MediaError(f"{what} lacks {', '.join(missing)}")
    candidates = tuple(one for one in carrier.candidates if _is_target(one))
    return Remote(carrier.ufrag, carrier.pwd, prints, bool(role), candidates, carrier.ice_lite)


def _is_digest(one: Fingerprint) -> bool:
    return len(one.value) == DIGESTS.get(one.algorithm, 0) * 3 - 1 and bool(_HEX.fullmatch(one.value))


def _is_target(candidate: Candidate) -> bool:
    """Tell whether a connectivity check may be sent there: a name other than `.local` is not looked at (RFC 8839)."""
    if candidate.component != 1 or candidate.transport != "udp" or "%" in candidate.host:
        return False
    if candidate.host.endswith(".local"):
        return True
    try:
        address = ip_address(candidate.host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return not (address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255")


def _offered(
    kind: str, mid: str, formats: tuple[Format, ...], local: Local, agreed: tuple[tuple[int, str], ...] = ()
) -> Section:
    """Offer an m-line; header extensions keep the ids that were agreed on."""
    ids = {uri: number for number, uri in agreed}
    extensions = ids or EXTENSIONS[kind]
    draft = Section(
        kind,
        9,
        SECURE[0],
        formats,
        mid=mid,
        setup="actpass",
        extensions=tuple((n, uri) for uri, n in extensions.items()),
    )
    return _ours(draft, local)


def _offer_video(sections: list[Section], theirs: Session, agreed: Agreed, video: Video, local: Local) -> None:
    """Put this video into the m-line that has some; else in place of one that is refused, so that they do not grow."""
    direction = DIRECTIONS[video.sends, True] if video.names else "inactive"
    place = next((i for i, one in enumerate(agreed.streams) if one.kind == "video" and one.formats), None)
    if place is not None:
        used, formats = agreed.streams[place].formats, formats_of("video", video.names)
        listed = renumbered((theirs.sections[place],), formats, used) or sections[place].formats
        sections[place] = replace(sections[place], formats=listed, direction=direction)
    elif video.names:
        place = next((i for i, one in enumerate(sections) if one.kind == "video"), len(sections))
        sections[place : place + 1] = [replace(_another(theirs, video.names, local), direction=direction)]


def _another(theirs: Session, names: tuple[str, ...], local: Local) -> Section:
    """Offer video where there was none; what a bundle shares is numbered as the peer does, or differently."""
    mids = {section.mid for section in theirs.sections}
    mid = next(name for name in map(str, count()) if name not in mids)
    ids = {uri: number for section in theirs.sections for number, uri in section.extensions}
    free = (number for number in range(1, 15) if number not in ids.values())
    numbered = ((ids.get(uri) or next(free, 0), uri) for uri in EXTENSIONS["video"])
    extensions = tuple((number, uri) for number, uri in numbered if number)
    return _offered("video", mid, renumbered(theirs.sections, formats_of("video", names)), local, extensions)


def _accepted(section: Section, stream: Stream, setup: str, local: Local) -> Section:
    draft = Section(
        kind=section.kind,
        port=9,
        protocol=section.protocol,
        formats=listed(stream),
        mid=section.mid,
        direction=DIRECTIONS[stream.sends, stream.hears],
        setup=setup,
        extensions=stream.extensions,
    )
    return _ours(draft, local)


def _ours(draft: Section, local: Local) -> Section:
    """Add our transport and what we send. Port and address are those of the first candidate."""
    first = next(iter(local.candidates), None)
    return replace(
        draft,
        port=first.port if first else 9,
        address=first.host if first else "0.0.0.0",
        ptime=PTIME if draft.kind == "audio" else 0,
        rtcp_mux=True,
        ufrag=local.ufrag,
        pwd=local.pwd,
        fingerprints=(local.fingerprint,),
        # In every direction: Chromium plays nothing of a stream that went away and came back.
        msid=f"{CNAME} {draft.kind}",
        sources=((local.ssrcs[draft.kind], CNAME),) if draft.kind in local.ssrcs else (),
        candidates=local.candidates,
        end_of_candidates=True,
    )


def _session(local: Local, sections: tuple[Section, ...], bundle: list[str]) -> Session:
    return Session(
        origin=Origin("-", str(local.session), str(local.version), "127.0.0.1"),
        sections=sections,
        groups=(("BUNDLE", *bundle),) if bundle else (),
        attributes=(("msid-semantic", f"WMS {CNAME}"),),
    )
