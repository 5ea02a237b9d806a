"""Offer and answer with a peer of plain RTP, or of SRTP whose keys are in the SDP (RFC 3264, RFC 3551, RFC 4568).

Every m-line has ports of its own. Nothing of WebRTC is ever said to such a peer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Final

from xswitch_py.base.errors import MediaError
from xswitch_py.base.offer import Wish
from xswitch_py.base.sdp import Format, Origin, Section, Session
from xswitch_py.media import sdes
from xswitch_py.media.api import Heard
from xswitch_py.media.formats import digits, formats_of, known_in
from xswitch_py.media.sdes import Crypto
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
)

__all__ = [
    "LocalRtp", "RtpAgreed", "Target", "accepted", "heard", "make_answer", "make_offer", "read_answer", "remake_offer",
    "wanted",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class LocalRtp:
    """What our SDP says of us. RTCP is on the port after that of RTP, unless both share it."""

    address: str
    ports: Mapping[str, int]  # kind -> port of RTP
    keys: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict, repr=False)  # kind -> suite -> a new key
    session: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Target:
    """Where the peer takes the packets of one m-line, and how both sides encrypt them."""

    host: str  # an IP address; "" while it does not want to have any
    port: int
    rtcp_port: int
    mux: bool = False  # whether RTCP shares the port of RTP
    ours: Crypto | None = None
    theirs: Crypto | None = None


@dataclass(frozen=True, slots=True)
class RtpAgreed:
    """The outcome of an offer and its answer."""

    streams: tuple[Stream, ...]  # one an m-line, in order
    targets: Mapping[str, Target]  # of the accepted streams, by their kind

    def stream(self, kind: str) -> Stream | None:
        """Give the accepted stream of this kind, if there is one."""
        return of_kind(self.streams, kind)


PLAIN: Final = ("RTP/AVP", "RTP/AVPF")
SECURE: Final = ("RTP/SAVP", "RTP/SAVPF")

_PICTURES: Final = ("VP8", "H264")  # that plain phones have


def heard(offer: Session) -> Heard:
    """Say what an offer has in common with us.

    Raises:
        MediaError: nothing.
    """
    served = _served(offer)
    audio, video = (
        tuple(dict.fromkeys(form.name for form in _known(offer.sections[served[kind]]))) if kind in served else ()
        for kind in ("audio", "video")
    )
    return Heard(audio, video, digits=digits(offer.sections[served["audio"]], 0) is not None)


def accepted(offer: Session, wish: Wish) -> dict[str, Section]:
    """Say which m-lines an answer will accept, by their kind: each needs ports.

    Raises:
        MediaError: no audio of the wish was offered.
    """
    streams = _streams(offer, wish)
    return {one.kind: section for one, section in zip(streams, offer.sections, strict=True) if one.formats}


def wanted(wish: Wish) -> tuple[str, ...]:
    """Say for which media an offer needs ports."""
    return ("audio", "video") if formats_of("video", _pictures(wish)) else ("audio",)


def make_answer(
    offer: Session, wish: Wish, local: LocalRtp, before: RtpAgreed | None = None
) -> tuple[Session, RtpAgreed]:
    """Answer an offer with the first audio encoding of the wish that it has, and video likewise if the wish has some.

    Keys of ours that were agreed on `before` stay as long as the peer is where it was.

    Raises:
        MediaError: no audio of the wish was offered, or an address cannot be used.
    """
    streams = _streams(offer, wish)
    used = before.targets if before else {}
    targets = {
        one.kind: _encrypted(_target(section, mux=section.rtcp_mux), section, local.keys, used.get(one.kind))
        for one, section in zip(streams, offer.sections, strict=True)
        if one.formats
    }
    streams = tuple(_unheld(one, targets) for one in streams)
    sections = tuple(
        _accepted(section, one, targets[one.kind], local) if one.formats else refusal(section, local.address)
        for one, section in zip(streams, offer.sections, strict=True)
    )
    return _session(local, sections), RtpAgreed(streams, targets)


def make_offer(wish: Wish, local: LocalRtp) -> Session:
    """Offer what is wished for, in its order.

    Raises:
        MediaError: the wish has no audio encoding that we know.
    """
    sections = [_offered("audio", audio_of(wish), local, local.keys.get("audio", {}))]
    if video := formats_of("video", _pictures(wish)):
        sections.append(_offered("video", video, local, local.keys.get("video", {})))
    return _session(local, tuple(sections))


def remake_offer(theirs: Session, agreed: RtpAgreed, local: LocalRtp) -> Session:
    """Offer anew what is in use, in the m-lines there are (RFC 3264 section 8); `theirs` is the peer's last word."""
    sections = tuple(
        _again(section, one, local, agreed.targets[one.kind].ours) if one.formats else refusal(section, local.address)
        for section, one in zip(theirs.sections, agreed.streams, strict=True)
    )
    return _session(local, sections)


def read_answer(offer: Session, answer: Session) -> RtpAgreed:
    """Take the peer's answer to our offer. M-lines are told by their order.

    Raises:
        MediaError: it does not answer our offer, or agrees on no audio.
    """
    if [section.kind for section in answer.sections] != [section.kind for section in offer.sections]:
        raise MediaError("answer has other m-lines than the offer")
    streams = []
    targets: dict[str, Target] = {}
    for ours, theirs in zip(offer.sections, answer.sections, strict=True):
        one = answered(ours, theirs) if ours.port and theirs.port else Stream(ours.kind, ours.mid)
        if one.formats:
            target = _target(theirs, mux=ours.rtcp_mux and theirs.rtcp_mux)
            targets[one.kind] = _confirmed(target, ours, theirs)
        streams.append(_unheld(one, targets))
    if "audio" not in targets:
        raise MediaError("answer has no audio encoding of the offer")
    return RtpAgreed(tuple(streams), targets)


def _served(offer: Session) -> dict[str, int]:
    """Choose the m-lines of an offer that we can serve: the first audio, and the first video beside it."""
    live = {index: section for index, section in enumerate(offer.sections) if _is_live(section)}
    audio = [index for index, section in live.items() if section.kind == "audio"]
    if not audio:
        raise MediaError("offer has no audio over RTP")
    index = next((index for index in audio if known_in(live[index])), None)
    if index is None:
        raise MediaError("offer has no audio codec in common with us")
    numbers = {form.pt for form in live[index].formats}
    video = next(
        # Streams are told by their payload numbers.
        (i for i, s in live.items() if s.kind == "video" and (known := _known(s)) and not _numbers(known) & numbers),
        None,
    )
    return {"audio": index} if video is None else {"audio": index, "video": video}


def _is_live(section: Section) -> bool:
    if not section.port:
        return False
    return section.protocol in PLAIN or (section.protocol in SECURE and sdes.pick(section.crypto) is not None)


def _known(section: Section) -> tuple[Format, ...]:
    """Narrow what an m-line lists to what a plain peer can have; feedback only in a profile that has it (RFC 4585)."""
    known = [form for form in known_in(section) if section.kind == "audio" or form.name in _PICTURES]
    return tuple(known if section.protocol.endswith("F") else (replace(form, feedback=()) for form in known))


def _numbers(formats: tuple[Format, ...]) -> set[int]:
    return {form.pt for form in formats}


def _pictures(wish: Wish) -> tuple[str, ...]:
    return tuple(name for name in wish.video if name.upper() in _PICTURES)


def _streams(offer: Session, wish: Wish) -> tuple[Stream, ...]:
    return tuple(replace(one, extensions=()) for one in chosen(offer, _served(offer), wish, _known))


def _target(section: Section, *, mux: bool) -> Target:
    rtcp = section.port if mux else section.rtcp_port or min(section.port + 1, 65535)
    return Target(_host(section.address), section.port, rtcp, mux)


def _host(text: str) -> str:
    """Read where packets are wanted; the unspecified address is that of hold (RFC 3264 section 8.4)."""
    try:
        address = ip_address(text or "0.0.0.0")
    except ValueError:
        raise MediaError("the address of the media is none") from None
    if address.is_multicast or str(address) == "255.255.255.255" or "%" in text:
        raise MediaError("the address of the media is that of many, or of nobody but its writer")
    return "" if address.is_unspecified else str(address)


def _unheld(one: Stream, targets: Mapping[str, Target]) -> Stream:
    """A peer without an address wants to hear nothing."""
    target = targets.get(one.kind) if one.formats else None
    return replace(one, sends=False) if target is not None and not target.host else one


def _encrypted(
    target: Target, section: Section, keys: Mapping[str, Mapping[str, bytes]], before: Target | None
) -> Target:
    """Choose one of the peer's keys, and our own in answer to it (RFC 4568 section 5.1.2).

    A peer with another key at another place may be somebody else, who does not know how often our packets' numbers
    have rolled over: a new key lets the count begin anew (section 7.1.4). Otherwise our key stays, and so does the
    count.
    """
    theirs = sdes.pick(section.crypto) if section.protocol in SECURE else None
    if theirs is None:
        return target
    key = keys[section.kind][theirs.suite]
    if before and before.ours and before.theirs and before.ours.suite == theirs.suite:
        moved = (before.host, before.port) != (target.host, target.port)
        key = key if moved and before.theirs.key != theirs.key else before.ours.key
    return replace(target, ours=Crypto(theirs.tag, theirs.suite, key), theirs=theirs)


def _confirmed(target: Target, ours: Section, theirs: Section) -> Target:
    """Take the key of an answer: it must be for one of our lines (RFC 4568 section 5.1.3)."""
    if (theirs.protocol in SECURE, theirs.protocol in PLAIN) != (ours.protocol in SECURE, ours.protocol in PLAIN):
        raise MediaError("answer has another profile than the offer")
    if ours.protocol not in SECURE:
        return target
    offered = {(line.tag, line.suite): line for line in map(sdes.parse, ours.crypto) if line is not None}
    chosen = sdes.pick(theirs.crypto)
    line = offered.get((chosen.tag, chosen.suite)) if chosen else None
    if line is None:
        raise MediaError("answer lacks a usable a=crypto")
    return replace(target, ours=line, theirs=chosen)


def _offered(kind: str, formats: tuple[Format, ...], local: LocalRtp, keys: Mapping[str, bytes]) -> Section:
    """Offer an m-line, as SRTP if there are keys for it."""
    plain = tuple(replace(form, feedback=()) for form in formats)
    lines = [Crypto(tag, suite, key) for tag, (suite, key) in enumerate(keys.items(), 1)]
    return Section(
        kind=kind,
        port=local.ports[kind],
        protocol=SECURE[0] if keys else PLAIN[0],
        formats=plain,
        address=local.address,
        ptime=PTIME if kind == "audio" else 0,
        crypto=tuple(sdes.serialise(line) for line in lines),
    )


def _again(section: Section, one: Stream, local: LocalRtp, ours: Crypto | None) -> Section:
    """Offer an m-line anew; the key in use stays, since our address does (RFC 4568 section 7.1.4)."""
    keys = {**local.keys[one.kind], ours.suite: ours.key} if ours else {}
    made = _offered(section.kind, again(section, one), local, keys)
    return replace(made, protocol=section.protocol, mid=section.mid or one.mid, rtcp_mux=section.rtcp_mux)


def _accepted(section: Section, one: Stream, target: Target, local: LocalRtp) -> Section:
    return Section(
        kind=section.kind,
        port=local.ports[one.kind],
        protocol=section.protocol,
        formats=listed(one),
        address=local.address,
        mid=section.mid,
        direction=DIRECTIONS[one.sends, one.hears],
        ptime=PTIME if section.kind == "audio" else 0,
        rtcp_mux=target.mux,
        crypto=(sdes.serialise(target.ours),) if target.ours else (),
    )


def _session(local: LocalRtp, sections: tuple[Section, ...]) -> Session:
    return Session(Origin("-", str(local.session), str(local.version), local.address), sections)
