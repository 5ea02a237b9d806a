"""Figures side by side: ours, the rival's, and what follows."""

from dataclasses import dataclass, field

__all__ = ["Figure", "Table"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, ours, the rival's; numbers are written with their unit."""

    what: str
    ours: float | None
    unit: str
    rival: float | None = None
    whose: str = ""
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """The line as text."""
        ratio = f"{self.ours / self.rival:.2f}" if self.ours is not None and self.rival else ""
        return (
            self.what,
            _number(self.ours),
            _number(self.rival),
            ratio,
            self.unit,
            " ".join((self.whose, self.note)).strip(),
        )


@dataclass(slots=True)
class Table:
    """Collects figures and writes them."""

    figures: list[Figure] = field(default_factory=list)

    def text(self) -> str:
        """The table, for people."""
        heads = ("", "ours", "rival", "ratio", "unit", "rival, remarks")
        lines = [heads, *(figure.cells() for figure in self.figures)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
        return "\n".join(_line(line, widths) for line in lines)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *numbers = cells
    middle = (cell.rjust(width) for cell, width in zip(numbers[:3], widths[1:4], strict=True))
    return "  ".join((first.ljust(widths[0]), *middle, numbers[3].ljust(widths[4]), numbers[4])).rstrip()


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
