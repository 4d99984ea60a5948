"""What an experiment is.

To add one, write experiments/NAME.py with a name from experiments/__init__.py:

1. `run(context)` starts servers (`context.serving("gunicorn gthread", slots=20)`), loads them
   (`context.loads`, `context.at`, `context.peak`) with works (`context.io()`, `context.cpu()`),
   and returns rows. A row has labels, which name its case, and figures. It runs once for each
   round, and the rows of all rounds with the same labels become one: the page shows the median, the
   least and the most. Import packages of the group `talk` inside functions: the page is made
   without them.
2. `verdict(rows)` returns a Verdict: still true? by how much? what to do? Every figure in it comes
   from the rows: `rows.one(server="waitress", load="half").median("p99")`. A test finds digits that
   were typed by hand.
3. `EXPERIMENT = Experiment(name="NAME", …)` says the rest in plain words. `claim` paraphrases the
   talk. `tables` choose rows and columns, `plots` choose axes.
4. tests/talk/test_NAME.py gets `quick_rows("NAME")` from its conftest, which runs it with
   `--quick`, in at most 15 s, and asserts what needs no clock: numbers in flight, wrong answers.
   In a quick run the first pages of a peak wait until all slots have a request, so the number in
   flight does not depend on the machine's speed.
   `one(rows, server=…)` there skips the test if that server is missing (in CI it fails).

Two branches that both changed results.json: take theirs, then
`python -m benchmarks.talk --adopt FILE` with your own results (`--results FILE` wrote them).

A server or a program that is not there: catch `servers.Missing` (or `MissingBinary`) where the
table can go on without it, and return `missing_row(error, server=…)`; the page shows the reason.
Otherwise let it rise: the runner says so, and keeps the results of the run before. The page then
marks them. In CI such a row or run fails, unless its note or reason begins with the name of a
variable that was not set: TALK_….
"""

import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .context import Context

Label = str | int

#: The counts of what was not a right answer.
FAILURES = {
    "wrong": "wrong",
    "errors": "errors",
    "missing": "missing",
    "ping_failures": "pings failed",
    "refused": "refused",
    "unanswered": "without an answer",
    "unfinished": "unfinished",
    "twice": "done twice",
}


@dataclass(frozen=True)
class Row:
    """One case of one round: its labels, and its figures. `note` is a reason or a remark."""

    labels: Mapping[str, Label]
    figures: Mapping[str, float]
    note: str = ""


def missing_row(error: Exception, **labels: Label) -> Row:
    """A row that says why there are no figures, without the folders of this machine."""
    return Row(labels, {}, re.sub(r"\n.*| \(looked in .*", "", str(error), flags=re.DOTALL))


@dataclass(frozen=True)
class Case:
    """The rows of all rounds with the same labels. A figure has one value for each round."""

    labels: Mapping[str, Label]
    figures: Mapping[str, Sequence[float]]
    note: str = ""

    def values(self, figure: str) -> list[float]:
        """The measured values."""
        return [each for each in self.figures.get(figure, ()) if not math.isnan(each)]

    def median(self, figure: str) -> float:
        """The median of the rounds; NaN if there is none."""
        return statistics.median(self.values(figure) or [math.nan])

    def least(self, figure: str) -> float:
        """The smallest value."""
        return min(self.values(figure), default=math.nan)

    def most(self, figure: str) -> float:
        """The largest value."""
        return max(self.values(figure), default=math.nan)

    def total(self, figure: str) -> float:
        """The sum over the rounds: counts of wrong answers are told, never averaged."""
        return sum(self.values(figure))

    def has(self, **labels: Label) -> bool:
        """Whether it has these labels."""
        return all(self.labels.get(name) == value for name, value in labels.items())


class Rows(Sequence[Case]):
    """All cases of an experiment."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = list(cases)

    def __getitem__(self, index: int) -> Case:  # type: ignore[override]  # no slices
        return self._cases[index]

    def __len__(self) -> int:
        return len(self._cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(self._cases)

    def where(self, **labels: Label) -> "Rows":
        """The cases with these labels."""
        return Rows([each for each in self if each.has(**labels)])

    def one(self, **labels: Label) -> Case:
        """The only case with these labels.

        Raises:
            LookupError: there is none, or there are several.
        """
        found = self.where(**labels)
        if len(found) != 1:
            raise LookupError(f"{len(found)} rows with {labels}")
        return found[0]

    def total(self, figure: str) -> float:
        """The sum of a figure over all cases and rounds."""
        return sum(each.total(figure) for each in self)


def failures(counted: Case | Rows) -> str:
    """Everything that was not a right answer, in words; empty if there is nothing."""
    totals = {words: counted.total(figure) for figure, words in FAILURES.items()}
    return ", ".join(f"{total:,.0f} {words}" for words, total in totals.items() if total)


def but_not_right(counted: Case | Rows) -> str:
    """A sentence for a verdict; empty if all answers were right."""
    found = failures(counted)
    return f" Not every answer was right: {found}." if found else ""


def bullets(*parts: str) -> str:
    """A list for a verdict. An empty part has no place in it."""
    return "".join(f"\n* {each.strip()}" for each in parts if each.strip())


def ratio(case: Case, to: Case, figure: str) -> float:
    """How many times as large a figure is; NaN if the other is zero."""
    below = to.median(figure)
    return case.median(figure) / below if below else math.nan


def cases(rounds: Sequence[Sequence[Row]]) -> Rows:
    """The rows of all rounds as cases, in the order of the first round."""
    merged: dict[tuple[tuple[str, Label], ...], Case] = {}
    for row in (row for rows in rounds for row in rows):
        key = tuple(sorted(row.labels.items()))
        before = merged.get(key, Case(row.labels, {}))
        names = [*before.figures, *(name for name in row.figures if name not in before.figures)]
        figures = {
            name: [
                *before.figures.get(name, ()),
                *([row.figures[name]] if name in row.figures else []),
            ]
            for name in names
        }
        merged[key] = Case(row.labels, figures, row.note or before.note)
    return Rows(list(merged.values()))


@dataclass(frozen=True)
class Column:
    """A column of a table: a label, or a figure with its unit in the heading."""

    key: str
    heading: str
    #: `spread` shows median (least - most), `total` the sum over the rounds, `most` the largest,
    #: `failures` all FAILURES by name.
    shows: str = "spread"


#: The columns of a Measurement.
COLUMNS = {
    each.key: each
    for each in (
        Column("offered", "offered/s"),
        Column("rate", "right answers/s"),
        Column("p50", "p50, ms"),
        Column("p99", "p99, ms"),
        Column("ping_p50", "`/ping` beside it: p50, ms"),
        Column("ping_p99", "`/ping` beside it: p99, ms"),
        Column("right", "right answers", "total"),
        Column("wrong", "wrong", "total"),
        Column("errors", "errors", "total"),
        Column("missing", "missing", "total"),
        Column("ping_failures", "pings that failed", "total"),
        Column("not_right", "not right", "failures"),
        Column("cpu_ms", "CPU per request, ms"),
        Column("waiting_kib", "memory per waiting request, KiB"),
        Column("in_flight", "in flight", "most"),
    )
}


@dataclass(frozen=True)
class Table:
    """A table of the page: the rows with `where`, their labels, then figures.

    A column is a key of COLUMNS, or a Column of its own.
    """

    title: str
    labels: Sequence[str]
    columns: Sequence[str | Column]
    where: Mapping[str, Label] = field(default_factory=dict)


@dataclass(frozen=True)
class Plot:
    """A figure of the page. `x` is a label; each value of the label `series` is a line."""

    name: str
    title: str
    x: str
    figure: str
    y_title: str
    series: str = ""
    where: Mapping[str, Label] = field(default_factory=dict)
    kind: str = "line"
    x_title: str = ""
    log_x: bool = False
    log_y: bool = False


@dataclass(frozen=True)
class Verdict:
    """The answers to the page's three questions, as sentences."""

    still_true: str
    by_how_much: str
    what_to_do: str


@dataclass(frozen=True)
class Experiment:
    """One claim of the talk."""

    name: str
    title: str
    #: The words of the talk, paraphrased.
    claim: str
    #: What Little's or Amdahl's law says before any measurement.
    theory: str
    #: The mistake that people make.
    mistake: str
    run: "Callable[[Context], Sequence[Row]]"
    verdict: Callable[[Rows], Verdict]
    tables: Sequence[Table]
    plots: Sequence[Plot] = ()
    #: Files of the repository that ran, such as a configuration: the page shows them whole.
    shows: Sequence[Path] = ()
    #: Sentences that a fair reading of the tables needs: the page lists them below the tables.
    remarks: Sequence[str] = ()
    #: How often a full run repeats it.
    rounds: int = 2
    #: Distributions and programs whose versions the page shows.
    packages: Sequence[str] = ("flask", "gunicorn")
