"""Scenarios for sipp, written step by step: what it sends, what it expects, and where it is when.

Texts may hold sipp's own [keywords]. A scene has one dialog: `invite` opens it as caller, `called` as callee, and what
comes after (`request`, `expect`, `reply`) is the same for both.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self
from xml.sax.saxutils import quoteattr

__all__ = ["NONE", "SDP", "Scene", "sdp"]

NONE: Final = ""  # no body
NOTHING: Final[Mapping[str, str]] = {}
_EREG: Final = '<ereg regexp={} {} check_it="true" assign_to="{}"/>'
_PATIENCE_MS: Final = 12_000
_FOREVER_MS: Final = 3_600_000
_TAG: Final = "[pid]t[call_number]"
_CONTACT: Final = "Contact: <sip:{user}@[local_ip]:[local_port];transport=[transport]>"
_VIA: Final = "Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch{offset}]"
_TARGETS: Final = ("INVITE", "UPDATE", "REFER", "SUBSCRIBE", "NOTIFY")  # requests with a Contact
_DIALOGS: Final = ("INVITE", 180, 183, 200)  # what brings the peer's Contact
_ALLOW: Final = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO, REFER, NOTIFY, MESSAGE"


def sdp(direction: str = "sendrecv", version: int = 1, codecs: Sequence[int] = (0, 8), events: bool = True) -> str:
    """An offer or answer of sound in plain RTP, at the port where sipp echoes and plays."""
    names = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 101: "telephone-event/8000"}
    formats = [*codecs, *([101] if events else [])]
    lines = [
        "v=0", f"o=sipp 20518 {version} IN IP4 [local_ip]", "s=-", "c=IN IP4 [media_ip]", "t=0 0",
        f"m=audio [media_port] RTP/AVP {' '.join(map(str, formats))}",
        *(f"a=rtpmap:{each} {names[each]}" for each in formats),
        *(["a=fmtp:101 0-15"] if events else []), "a=ptime:20", f"a={direction}", "",
    ]  # fmt: skip
    return "\n".join(lines)


SDP: Final = sdp()


class Scene:
    """One scenario of one user."""

    def __init__(self, user: str = "1000", password: str = "1234", domain: str = "localhost") -> None:
        self.user, self.domain = user, domain
        self._steps: list[str] = []
        self._cseq = 0
        self._invite = (0, 0)  # of our last INVITE: its place in the scenario and its CSeq
        self._from, self._to = f"<{self.address}>;tag={_TAG}", f"<{self.address}>"
        self._uri = f"sip:{domain}"
        self._variables: set[str] = set()
        self.plays = False  # sound of its own
        self.credentials = f"[authentication username={user} password={password}]"

    @property
    def address(self) -> str:
        """The user's own."""
        return f"sip:{self.user}@{self.domain}"

    # Outside dialogs.

    def ask(
        self,
        method: str,
        uri: str,
        *headers: str,
        to: str = "",
        body: str = NONE,
        expect: int = 200,
        login: int = 407,
    ) -> Self:
        """Send a request that is no INVITE and take its answer; `login` is the status that challenges, 0 for none.

        `to` is the value of To, where it is not the same as `uri`.
        """
        self._to, self._uri = to or f"<{uri}>", uri
        self._cseq += 1
        self._send(method, headers, body)
        if login:
            self.expect(login, login=True)
            self._cseq += 1
            self._send(method, [*headers, self.credentials], body)
        return self.expect(expect)

    def register(self, *contacts: str, expires: int = 300, expect: int = 200, of: str = "") -> Self:
        """Register where we are, or these Contact values; `of` another user, for those who may not."""
        lines = [f"Contact: {each}" for each in contacts] or [_CONTACT.format(user=self.user)]
        whom = f"<sip:{of or self.user}@{self.domain}>"
        return self.ask(
            "REGISTER", f"sip:{self.domain}", *lines, f"Expires: {expires}", to=whom, expect=expect, login=401
        )

    def query(self) -> Self:
        """Ask where we are registered."""
        return self.ask("REGISTER", f"sip:{self.domain}", to=f"<{self.address}>", login=401)

    # Opening a dialog.

    def invite(self, number: str, *headers: str, body: str = SDP, login: int = 407) -> Self:
        """Call; the answers are still to be expected. `login` is the status that challenges, 0 for none."""
        self._uri = number if number.startswith("sip:") else f"sip:{number}@{self.domain}"
        self._to = f"<{self._uri}>"
        self._send_invite(headers, body)
        if login:
            self.expect(100, optional=True).expect(login, login=True)._ack_refusal()
            self._send_invite([*headers, self.credentials], body)
        return self.expect(100, optional=True)

    def called(self, holds: str = "") -> Self:
        """Wait for a call."""
        self._from, self._to, self._uri = f"[$to];tag={_TAG}", "[$from]", "[next_url]"
        return self.expect("INVITE", holds, keep={"via": "Via", "from": "From", "to": "To", "cseq": "CSeq"})

    def respond(self, status: int, *headers: str, body: str = NONE) -> Self:
        """Answer the INVITE we were called with."""
        to = "[$to]" if status == 100 else self._from
        head = ["Via:[$via]", "From:[$from]", f"To:{to}", "Call-ID: [call_id]", "CSeq:[$cseq]"]
        own = [_CONTACT.format(user=self.user), _ALLOW]
        return self._text(
            [f"SIP/2.0 {status} {_REASONS.get(status, 'Status')}", *head, *own, *headers], body, status >= 200
        )

    def answered(self, body: str = SDP) -> Self:
        """Ring, answer and take the ACK."""
        return self.respond(180).respond(200, body=body).expect("ACK").mark("answered")

    def connected(self) -> Self:
        """The call we placed is answered: take the 200 and confirm it."""
        for status in (180, 183):
            self.expect(status, optional=True)
        return self.expect(200).ack().mark("answered")

    def refused(self, status: int) -> Self:
        """The call we placed is refused."""
        for early in (180, 183):
            self.expect(early, optional=True)
        return self.expect(status)._ack_refusal()

    def cancel(self) -> Self:
        """Give up the call we placed: CANCEL, its 200, the INVITE's 487."""
        place, cseq = self._invite
        self._write("CANCEL", self._uri, cseq, f"-{len(self._steps) - place}", self._to, (), NONE)
        return self.expect(200).expect(487)._ack_refusal()

    # In the dialog.

    def ack(self, body: str = NONE) -> Self:
        """Confirm a 200 to our INVITE; from here on requests go to the peer's Contact."""
        self._uri, self._to = "[next_url]", self._tagged
        return self._write("ACK", self._uri, self._invite[1], "", self._to, (), body)

    def request(self, method: str, *headers: str, body: str = NONE, expect: int | None = 200) -> Self:
        """Send a request and take its answer, if one is to be expected here."""
        self._cseq += 1
        self._send(method, headers, body)
        return self if expect is None else self.expect(expect)

    def confirm(self, rseq: str) -> Self:
        """Confirm a reliable provisional answer: PRACK and its 200."""
        self._uri, self._to = "[next_url]", self._tagged
        rack = f"RAck: {rseq.strip()} {self._invite[1]} INVITE".replace(": [$", ":[$")
        return self.request("PRACK", rack)

    def reinvite(self, body: str = SDP, holds: str = "", answer: str = NONE) -> Self:
        """Offer anew, take what must match `holds` and confirm it, with the answer if the offer comes in there."""
        self._send_invite((), body)
        return self.expect(100, optional=True).expect(200, holds).ack(answer)

    def reinvite_refused(self, body: str, status: int) -> Self:
        """Offer anew, in vain."""
        self._send_invite((), body)
        return self.expect(100, optional=True).expect(status)._ack_refusal()

    def bye(self) -> Self:
        """Hang up."""
        return self.request("BYE").mark("ended")

    def hung_up(self) -> Self:
        """The other side hangs up."""
        return self.expect("BYE").mark("ended").reply(200)

    def noted(self) -> Self:
        """Take any number of NOTIFYs, until the other side hangs up."""
        self._step('<label id="1"/>')._step('<recv request="BYE" optional="true" next="2"/>')
        self.expect("NOTIFY").reply(200)
        self._steps[-1] = self._steps[-1].replace("<send>", '<send next="1">')
        return self._step('<label id="2"/>').mark("ended").reply(200)

    def reply(self, status: int, *headers: str, body: str = NONE) -> Self:
        """Answer the request that came last."""
        head = ["[last_Via:]", "[last_From:]", "[last_To:]", "[last_Call-ID:]", "[last_CSeq:]"]
        own = [_CONTACT.format(user=self.user)]
        return self._text([f"SIP/2.0 {status} {_REASONS.get(status, 'Status')}", *head, *own, *headers], body, False)

    # Steps of any scene.

    def expect(
        self,
        what: int | str,
        holds: str = "",
        *,
        optional: bool = False,
        login: bool = False,
        keep: Mapping[str, str] = NOTHING,
    ) -> Self:
        """Wait for a status or a method; the message must match the expression `holds`.

        `keep` names headers whose values later texts may hold as `[$name]`, blank before them included.
        """
        actions = [_EREG.format('".*"', f'search_in="hdr" header="{header}:"', name) for name, header in keep.items()]
        if holds:
            name = f"held{len(self._steps)}"
            actions.append(_EREG.format(quoteattr(holds), 'search_in="msg"', name))
            self._variables.add(name)
        self._variables |= keep.keys()
        kind = "response" if isinstance(what, int) else "request"
        options = ' optional="true"' * optional + ' auth="true"' * login + f' timeout="{_PATIENCE_MS}"' * (not optional)
        route = ' rrs="true"' if what in _DIALOGS else ""
        return self._step(f'<recv {kind}="{what}"{route}{options}><action>{"".join(actions)}</action></recv>')

    def pause(self, ms: int = _FOREVER_MS) -> Self:
        """Do nothing; without a time, until somebody ends us."""
        return self._step(f'<pause milliseconds="{ms}"/>')

    def mark(self, word: str) -> Self:
        """Tell the test where we are."""
        return self._step(f'<nop><action><log message="{word}"/></action></nop>')

    def wait(self, word: str) -> Self:
        """Wait until the test tells us to go on; only over UDP."""
        return self._step(f'<recv request="{word.upper()}" timeout="{_PATIENCE_MS}"/>')

    def play(self, sound: Path) -> Self:
        """Send a file of raw u-law for ever, from now on."""
        self.plays = True
        return self._step(f'<nop><action><exec rtp_stream="{sound},-1,0,PCMU/8000"/></action></nop>')

    def xml(self) -> str:
        """The file that sipp reads."""
        used = f'<Reference variables="{",".join(sorted(self._variables))}"/>' if self._variables else ""
        steps = "\n".join([*self._steps, used])
        return f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="scene">\n{steps}\n</scenario>\n'

    # Inside.

    @property
    def _tagged(self) -> str:
        return self._to if "[peer_tag_param]" in self._to or "[$" in self._to else f"{self._to}[peer_tag_param]"

    def _send_invite(self, headers: Sequence[str], body: str) -> None:
        self._cseq += 1
        self._invite = len(self._steps), self._cseq
        self._send("INVITE", headers, body)

    def _ack_refusal(self) -> Self:
        place, cseq = self._invite
        return self._write("ACK", self._uri, cseq, f"-{len(self._steps) - place}", "[last_To:]", (), NONE)

    def _send(self, method: str, headers: Sequence[str], body: str) -> None:
        own = (_CONTACT.format(user=self.user), _ALLOW) if method in _TARGETS else ()
        self._write(method, self._uri, self._cseq, "", self._to, [*own, *headers], body)

    def _write(self, method: str, uri: str, cseq: int, offset: str, to: str, headers: Sequence[str], body: str) -> Self:
        head = [
            f"{method} {uri} SIP/2.0", _VIA.format(offset=offset), "Max-Forwards: 70",
            *(["[routes]"] if uri == "[next_url]" else []), _line("From", self._from), _line("To", to),
            "Call-ID: [call_id]", f"CSeq: {cseq} {method}", *headers,
        ]  # fmt: skip
        return self._text(head, body, method != "ACK")

    def _text(self, head: Sequence[str], body: str, repeat: bool) -> Self:
        kind = ["Content-Type: application/sdp"] if body.startswith("v=0") else []
        text = "\n".join([*head, *kind, "Content-Length: [len]", "", body])
        again = ' retrans="500"' if repeat else ""
        return self._step(f"<send{again}><![CDATA[\n{text}\n]]></send>")

    def _step(self, xml: str) -> Self:
        self._steps.append(re.sub(r"<action></action>", "", xml))
        return self


def _line(name: str, value: str) -> str:
    """A header field; a variable holds the blank too, and "[last_...]" the name."""
    if value.startswith("[last_"):
        return value
    return f"{name}:{value}" if value.startswith("[$") else f"{name}: {value}"


_REASONS: Final = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted", 302: "Moved Temporarily",
    404: "Not Found", 480: "Temporarily Unavailable", 481: "Call Does Not Exist", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error",
    503: "Service Unavailable", 603: "Decline",
}  # fmt: skip
