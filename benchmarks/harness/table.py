"""Tables: one line for each figure, with the spread of its rounds and its target."""

import os
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

_HEAD = ("", "baseline", "subject", "min", "median", "max", "target", "")


@dataclass(frozen=True)
class Target:
    """A limit for the median of a figure."""

    words: str
    holds: Callable[[float], bool]


def at_most(limit: float) -> Target:
    """A target for figures that must be small."""
    return Target(f"<= {limit:g}", lambda value: value <= limit)


def at_least(limit: float) -> Target:
    """A target for figures that must be large."""
    return Target(f">= {limit:g}", lambda value: value >= limit)


@dataclass
class Line:
    """One figure over all rounds: a ratio to a baseline, or a value alone."""

    name: str
    target: Target | None = None
    baselines: list[float] = field(default_factory=list)
    subjects: list[float] = field(default_factory=list)

    def add(self, subject: float, baseline: float | None = None) -> None:
        """Add a round: with a baseline in each round of this line, or in none."""
        self.subjects.append(subject)
        if baseline is not None:
            self.baselines.append(baseline)

    @property
    def figures(self) -> list[float]:
        """The ratios; the values if there is no baseline."""
        if not self.baselines:
            return self.subjects
        return [s / b for s, b in zip(self.subjects, self.baselines, strict=True)]

    def cells(self) -> tuple[str, ...]:
        """The cells of this line in the table."""
        median = statistics.median(self.figures)
        verdict = "" if self.target is None else ("met" if self.target.holds(median) else "MISSED")
        return (
            self.name,
            number(statistics.median(self.baselines)) if self.baselines else "",
            number(statistics.median(self.subjects)) if self.baselines else "",
            number(min(self.figures)),
            number(median),
            number(max(self.figures)),
            self.target.words if self.target else "",
            verdict,
        )


def show(title: str, *lines: Line) -> None:
    """Print the table in Markdown. Lines without a round are left out."""
    load = " ".join(f"{each:.1f}" for each in os.getloadavg()[:2])
    cpus = os.cpu_count()
    print(f"\n{title}\n({cpus} CPUs; load of the last 1 and 5 minutes, with this run: {load})\n")
    rows = [_HEAD, *(line.cells() for line in lines if line.subjects)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = [f"{'-' * width}" for width in widths]
    for row in (rows[0], rule, *rows[1:]):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"| {' | '.join(cells)} |")
    sys.stdout.flush()


def note(text: str) -> None:
    """Print progress to stderr, apart from the tables."""
    print(text, file=sys.stderr, flush=True)


def number(value: float) -> str:
    """A figure as tables show it: three digits, and all of them above a hundred."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
