"""docs/talk.md and its short version in README.md, from the results alone.

`python -m benchmarks.talk.page` writes both anew.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import ROOT
from benchmarks.harness.pace import RESPONSE_TIMEOUT
from benchmarks.harness.table import number

from .context import FULL
from .experiment import (
    COLUMNS,
    FAILURES,
    Case,
    Column,
    Experiment,
    Table,
    Verdict,
    failures,
)
from .experiments import load, written
from .glossary import glossary
from .load import PING_RATE
from .measure import WAITING_AT_PEAK
from .results import RESULTS, Result, read

#: The page, and the folder of its figures.
PAGE = ROOT / "docs" / "talk.md"
PLOTS = ROOT / "docs" / "talk"

#: The page with the short version, and the comments around that.
README = ROOT / "README.md"
_BEGIN, _END = "<!-- Made by `make talk` -->", "<!-- /talk -->"

_INTRODUCTION = f"""\
<!-- Made by `make talk` from benchmarks/talk: edit that. -->

# The talk, measured

A talk of 2016, Miguel Grinberg's "Flask at Scale", walked through the ways to serve more than one
request at a time in Python. This page measures each of its claims with the servers of today. Most
experiments use one small Flask application, a microblog: `benchmarks/talk/app.py`. Run them
yourself with `make talk`. Splitflap is the microblog of this repository: it answers at once, and
its workers do the work later. The last sections measure it beside others.

| request | what it does |
| --- | --- |
| `/ping` | answers at once |
| `/io` | waits {FULL.page_seconds:g} s for a page of another site, which also counts its requests |
| `/cpu` | renders a long text of Markdown: up to a few tenths of a second of CPU |
| `/db` | waits {FULL.page_seconds:g} s for a query of PostgreSQL |
| `/post` | renders a short text, then fetches its links |

## Words
{glossary()}
## How to read the tables
- The load is an open loop: it sends requests on a schedule, and does not wait for answers. A
  latency counts from the scheduled time, so the wait for a busy server is in it.
- `half` is a load at half of the server's peak. `above` is one and a half times the peak. At the
  peak, the load does wait: it keeps {WAITING_AT_PEAK} requests more under way than the server has
  slots. A request without an answer {RESPONSE_TIMEOUT:g} s after its end is missing, unless the
  server still computes.
- CPU per request is measured without pings: at the peak, as a rule.
- Memory per waiting request: the memory of the server when all slots are busy, less its memory
  after its first requests, divided by the requests in flight.
- p50 is the median latency. p99 is the latency that one request in a hundred exceeds. Without
  another name, both are of the requests that the title of the table names.
- `/ping` beside it is a cheap request, sent {PING_RATE:g} times a second during the same run. It
  shows what the slow requests do to the others.
- "in flight" is the largest number of requests that the other site saw at the same time. The site
  counts it, so it depends on no clock.
- "wrong" counts answers with a wrong body, "errors" other statuses than 200, and "missing" requests
  without an answer. A column "not right" names all that were counted, and pings that failed. These
  are sums of all rounds. All other figures are medians of the rounds, with the least and the most
  in brackets. With fewer than a hundred answers, p99 is the slowest.
- An empty cell was not measured.
- "load of the minute before" is the load average of the machine when the experiment began. It
  includes the experiment before, which had ended.
"""


def page(results: Mapping[str, Result]) -> str:
    """The whole page."""
    shown = {name: load(name) for name in written() if name in results}
    parts = [_INTRODUCTION, _summary(shown, results)]
    parts += [_section(experiment, results[name]) for name, experiment in shown.items()]
    return "\n".join(parts)


def _summary(shown: Mapping[str, Experiment], results: Mapping[str, Result]) -> str:
    rows = []
    for name, experiment in shown.items():
        if results[name].reason:
            continue
        verdict = experiment.verdict(results[name].rows)
        heading = f"[{experiment.title}](#{_anchor(experiment.title)})"
        earlier = " (Measured in an earlier run.)" if results[name].kept_because else ""
        answer = f"{_opening(verdict.still_true)}{earlier}"
        rows.append((heading, answer, _opening(verdict.what_to_do)))
    return "## In short\n" + _table(("", "still true in 2026?", "what to do"), rows)


def short(results: Mapping[str, Result]) -> str:
    """The short version: for each experiment, whether the claim is still true."""
    found = [
        f"- [{experiment.title}](docs/talk.md#{_anchor(experiment.title)}): "
        f"{_opening(experiment.verdict(results[name].rows).still_true)}\n"
        for name in written()
        if name in results and not results[name].reason
        for experiment in [load(name)]
    ]
    return "".join(found)


def _opening(text: str) -> str:
    """The first sentence. One of at most two words, such as "Yes.", has the second one with it."""
    first, _, rest = text.partition(". ")
    if len(first.split()) <= 2 and rest:
        return f"{first}. {_opening(rest)}"
    return f"{first.removesuffix('.')}."


def _anchor(title: str) -> str:
    kept = "".join(each for each in title.lower() if each.isalnum() or each in " -_")
    return kept.replace(" ", "-")


def _section(experiment: Experiment, result: Result) -> str:
    parts = [
        f"## {experiment.title}\n**The claim.** {experiment.claim}\n",
        f"**What theory says.** {experiment.theory}\n",
    ]
    if result.reason:
        return "\n".join([*parts, f"Not measured: {result.reason}\n"])
    tables = [each for each in experiment.tables if result.rows.where(**each.where)]
    parts += [_measured_table(table, result) for table in tables]
    parts.append(_conditions(result))
    parts += [
        f"![{plot.title}](talk/{experiment.name}-{plot.name}.svg)\n" for plot in experiment.plots
    ]
    if experiment.remarks:
        parts.append("".join(f"- {each}\n" for each in experiment.remarks))
    parts.append(_verdict(experiment.verdict(result.rows)))
    parts.append(f"**The mistake that people make.** {experiment.mistake}\n")
    parts += map(_shown, experiment.shows)
    return "\n".join(parts)


def _shown(file: Path) -> str:
    """A file that ran."""
    name = file.relative_to(ROOT)
    return f"`{name}`, as it ran:\n```{file.suffix[1:]}\n{file.read_text('utf-8')}```\n"


def _verdict(verdict: Verdict) -> str:
    return (
        f"**Still true in 2026?** {verdict.still_true}\n\n"
        f"**By how much?** {verdict.by_how_much}\n\n"
        f"**What to do?** {verdict.what_to_do}\n"
    )


def _conditions(result: Result) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    quick = (
        " A quick run: its sizes are small, and its figures mean little." if result.quick else ""
    )
    rounds = f"Rounds: {result.rounds}."
    found = f"<sub>{result.machine.words()}. {versions}. {rounds}{quick}</sub>\n"
    if not result.kept_because:
        return found
    return f"**Not of the last run.** It left this out: {result.kept_because}.\n\n{found}"


def _measured_table(table: Table, result: Result) -> str:
    columns = [COLUMNS[each] if isinstance(each, str) else each for each in table.columns]
    head = [*(name.replace("_", " ") for name in table.labels), *(each.heading for each in columns)]
    rows = [_row(case, table.labels, columns) for case in result.rows.where(**table.where)]
    return f"### {table.title}\n{_table(head, rows)}"


def _row(case: Case, labels: Sequence[str], columns: Sequence[Column]) -> list[str]:
    cells = [str(case.labels.get(name, "")) for name in labels]
    if case.note and not case.figures:
        return [*cells, case.note, *[""] * (len(columns) - 1)]
    return [*cells, *(_cell(case, column) for column in columns)]


def _cell(case: Case, column: Column) -> str:
    if column.key in case.labels:
        return str(case.labels[column.key])
    if column.shows == "failures":
        return (failures(case) or "none") if FAILURES.keys() & case.figures.keys() else ""
    values = case.values(column.key)
    if not values:
        return ""
    if column.shows == "total":
        return f"{case.total(column.key):,.0f}"
    if column.shows == "most":
        return f"{case.most(column.key):,.0f}"
    median = number(case.median(column.key))
    least, most = number(min(values)), number(max(values))
    return median if least == most else f"{median} ({least} - {most})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def write(results: Mapping[str, Result], file: Path = PAGE, readme: Path = README) -> None:
    """Write the page, and the short version between its comments."""
    file.write_text(page(results), encoding="utf-8")
    text = readme.read_text(encoding="utf-8")
    between = re.compile(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", re.DOTALL)
    readme.write_text(
        between.sub(lambda _: f"{_BEGIN}\n{short(results)}{_END}", text), encoding="utf-8"
    )


if __name__ == "__main__":
    write(read(RESULTS))
