"""How good speech sounds, guessed from loss and delay: the E-model (ITU-T G.107), as far as a network changes it."""

from typing import Final, NamedTuple

__all__ = ["delay", "mos"]

_BEST: Final = 93.2  # R with all that we do not know at its default
_NOTICED: Final = 177.3  # ms of delay from which on people get in each other's way
_BUFFER: Final = 20.0  # ms that a receiver waits at least, and twice the jitter if that is more


class _Codec(NamedTuple):
    """What an encoding costs: `ie` without loss, `bpl` how well loss is borne, `ms` for a packet and looking ahead."""

    ie: float
    bpl: float
    ms: float


# G.711 where loss is concealed, as nearly all receivers do (ITU-T G.113 appendix I); the others on the same scale,
# on which none is better than G.711. Without forward error correction Opus conceals about as well.
_CODECS: Final = {
    "PCMU": _Codec(0.0, 25.1, 20.0),
    "PCMA": _Codec(0.0, 25.1, 20.0),
    "G722": _Codec(0.0, 20.0, 22.0),
    "OPUS": _Codec(0.0, 25.0, 26.5),
}
_OTHER: Final = _Codec(11.0, 19.0, 35.0)  # about G.729


def delay(codec: str, rtt: float, jitter: float) -> float:
    """Guess how many ms lie between mouth and ear, from the round trip and the jitter in ms."""
    return rtt / 2 + max(_BUFFER, 2 * jitter) + _CODECS.get(codec.upper(), _OTHER).ms


def mos(codec: str, loss: float, ms: float) -> float:
    """Give the mean opinion score, 1 to 4.5: `loss` is in percent and at random, `ms` from mouth to ear."""
    kind = _CODECS.get(codec.upper(), _OTHER)
    late = 0.024 * ms + 0.11 * max(0.0, ms - _NOTICED)
    equipment = kind.ie + (95 - kind.ie) * loss / (loss + kind.bpl)
    r = _BEST - late - equipment
    if r <= 0:
        return 1.0
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
