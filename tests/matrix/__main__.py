"""Who can call whom: `python -m tests.matrix [CALLER [CALLEE]]`.

Each make of phone calls each other make and itself; a cell is the time to the answer, once both have heard each other.
The arguments choose makes whose names begin like that. Two sipps have no sound of their own: between them only the
signalling counts.
"""

import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

from tests.matrix.pairing import Outcome, tried
from tests.matrix.phones import KINDS, desk

Outcomes = Mapping[tuple[str, str], Outcome]


async def _run(callers: Sequence[str], callees: Sequence[str]) -> Outcomes:
    outcomes: dict[tuple[str, str], Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        async with desk(Path(folder)) as ready:
            for caller, callee in product(callers, callees):
                outcomes[caller, callee] = await tried(ready, caller, callee)
                sys.stderr.write(f"{caller} -> {callee}: {outcomes[caller, callee].cell()}\n")
    return outcomes


def _table(outcomes: Outcomes) -> str:
    callers, callees = (list(dict.fromkeys(pair[side] for pair in outcomes)) for side in (0, 1))
    lines = [
        ["caller \\ callee", *callees],
        *([each, *(outcomes[each, to].cell() for to in callees)] for each in callers),
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(callees) + 1)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def _main(words: Sequence[str]) -> int:
    starts = [*words, "", ""][:2]
    callers, callees = ([kind for kind in KINDS if kind.startswith(start)] for start in starts)
    if not callers or not callees:
        sys.stderr.write(f"there are {', '.join(KINDS)}\n")
        return 2
    outcomes = asyncio.run(_run(callers, callees))
    sys.stdout.write(f"{_table(outcomes)}\n")
    failures = {pair: each.failure for pair, each in outcomes.items() if each.failure}
    for (caller, callee), failure in failures.items():
        sys.stdout.write(f"\n{caller} -> {callee}: {failure}\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
