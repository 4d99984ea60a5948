"""Python without the GIL: what threads gain for CPU work, and what takes the gain away again."""

from collections.abc import Sequence

from benchmarks.harness.table import number
from benchmarks.talk import free_threaded
from benchmarks.talk.context import Context
from benchmarks.talk.experiment import (
    FAILURES,
    Case,
    Column,
    Experiment,
    Row,
    Rows,
    Table,
    Verdict,
    bullets,
    but_not_right,
    missing_row,
    ratio,
)
from benchmarks.talk.measure import Measurement
from benchmarks.talk.servers import Missing, Running, Server

#: Builds of one version of Python.
FREE, ORDINARY = "free-threaded", "ordinary"

#: Threads of a full run. The second is more than the CPUs have use for.
THREADS = (1, 4)

#: Threads gain if they finish more than this many times as much.
GAINS = 1.2

#: Seconds of each load.
SECONDS = 3.0


def run(context: Context) -> Sequence[Row]:
    """CPU work in both builds, and after the import of each greenlet."""
    python = free_threaded.interpreter()
    rows: list[Row] = []
    for threads in context.pick(THREADS, THREADS[-1:]):
        rows += _ordinary(context, threads)
        # With one thread, nobody competes for the GIL.
        for gil in (True, None) if threads > 1 else (None,):
            rows.append(_cpu(context, free_threaded.server(python, gil=gil), FREE, threads))
    return [*rows, *(_imports(context, each) for each in free_threaded.GREENLETS)]


def _ordinary(context: Context, threads: int) -> list[Row]:
    try:
        server = free_threaded.server(free_threaded.ordinary())
    except Missing as error:
        return [missing_row(error, work="cpu", build=ORDINARY, gil="on", threads=threads)]
    return [_cpu(context, server, ORDINARY, threads)]


def _cpu(context: Context, server: Server, build: str, threads: int) -> Row:
    """The peak, and with several threads the pings beside half of it."""
    with context.serving(server, slots=threads, app=free_threaded.APP) as running:
        told = free_threaded.told(running)
        found = context.peak(running, context.cpu(), _seconds(context))
        figures = _with_cpus(found)
        if threads > 1:
            figures |= _beside(context, running, found)
    labels = {"work": "cpu", "python": told["python"], "build": build, "gil": told["gil_after"]}
    return Row({**labels, "threads": threads}, figures)


def _beside(context: Context, running: Running, peak: Measurement) -> dict[str, float]:
    """The pings beside half of a peak, and the failures of both runs."""
    rate = max(1.0, peak.rate / 2)
    half = context.at(running, context.cpu(), rate, seconds=_seconds(context)).figures()
    pings = {name: half[name] for name in ("ping_p50", "ping_p99")}
    counts = {name: value for name, value in peak.figures().items() if name in FAILURES}
    return pings | {name: value + half[name] for name, value in counts.items()}


def _seconds(context: Context) -> float | None:
    return context.pick(SECONDS, None)


def _imports(context: Context, folder: str) -> Row:
    """The peak after an import that nothing overrules."""
    threads = THREADS[-1]
    try:
        path = free_threaded.greenlet(folder)
    except Missing as error:
        return missing_row(error, work="import", imports=folder, gil_before="", gil_after="")
    server = free_threaded.server(free_threaded.interpreter(), path=path)
    with context.serving(server, slots=threads, app=free_threaded.APP) as running:
        told = free_threaded.told(running)
        found = context.peak(running, context.cpu(), _seconds(context))
    return Row({"work": "import", **told, "threads": threads}, _with_cpus(found))


def _with_cpus(found: Measurement) -> dict[str, float]:
    """The figures, and the CPUs that were busy at the same time."""
    return {**found.figures(), "cpus": found.rate * found.cpu_ms / 1000}


def verdict(rows: Rows) -> Verdict:
    """With the GIL against without it in one interpreter, and each import."""
    imports = rows.where(work="import")
    after = (_after(each, rows) for each in imports if each.figures)
    still_true = " ".join((_gain(rows), *map(_switches, imports)))
    return Verdict(
        still_true=f"{still_true}{but_not_right(rows)}",
        by_how_much=bullets(_factor(rows), _pings(rows), _price(rows), *after),
        what_to_do=_advice(rows),
    )


def _several(rows: Rows, gil: str) -> Case:
    """The free-threaded build with several threads."""
    return rows.one(work="cpu", build=FREE, gil=gil, threads=THREADS[-1])


def _gains(rows: Rows) -> bool:
    return ratio(_several(rows, "off"), _several(rows, "on"), "rate") > GAINS


def _usual(rows: Rows, threads: int) -> Case | None:
    """The ordinary build, if it was measured."""
    measured = [each for each in rows.where(build=ORDINARY, threads=threads) if each.figures]
    return measured[0] if measured else None


def _gain(rows: Rows) -> str:
    if not _gains(rows):
        return "Yes: also without the GIL, threads did not help CPU work here."
    usual = _usual(rows, THREADS[-1])
    if usual and ratio(_several(rows, "off"), usual, "rate") <= 1:
        return (
            "In part: without the GIL, threads help CPU work, but they finish no more of it than "
            "an ordinary Python, which computes faster."
        )
    if usual:
        factor = number(ratio(_several(rows, "off"), usual, "rate"))
        return (
            f"No longer for all: in a free-threaded Python, {THREADS[-1]} threads finish {factor} "
            "times the CPU work of an ordinary one, as long as no import switches the GIL on."
        )
    return "No longer for all: in a free-threaded Python, threads also help CPU work."


def _switches(row: Case) -> str:
    name = str(row.labels["imports"])
    if not row.figures:
        return f"{name} was not measured: {row.note}."
    if row.labels["gil_after"] == row.labels["gil_before"]:
        return f"Importing {name} leaves the GIL {row.labels['gil_after']}."
    return f"Importing {name} switches the GIL {row.labels['gil_after']}, for the whole process."


def _factor(rows: Rows) -> str:
    on, off = _several(rows, "on"), _several(rows, "off")
    return (
        f"In one free-threaded interpreter, {THREADS[-1]} threads finish "
        f"{number(off.median('rate'))} requests a second without the GIL and "
        f"{number(on.median('rate'))} with it: {number(ratio(off, on, 'rate'))} times as many. "
        f"They keep {number(off.median('cpus'))} CPUs busy at once, and "
        f"{number(on.median('cpus'))} with the GIL."
    )


def _pings(rows: Rows) -> str:
    on, off = _several(rows, "on"), _several(rows, "off")
    return (
        "At half of its own peak, the p99 of a `/ping` beside this work is "
        f"{number(off.median('ping_p99'))} ms without the GIL and {number(on.median('ping_p99'))} "
        "ms with it."
    )


def _price(rows: Rows) -> str:
    """The same work on one thread of both builds, and on several."""
    one, several = (_usual(rows, each) for each in THREADS)
    if not one or not several:
        return "What each thread loses was not measured: it needs an ordinary build."
    free = rows.one(work="cpu", build=FREE, threads=1)
    gain = ratio(_several(rows, "off"), several, "rate")
    return (
        "Each thread pays for it, and versions of Python differ in the price. "
        f"In {free.labels['python']}, a request on one thread needs "
        f"{number(free.median('cpu_ms'))} ms of CPU in the free-threaded build and "
        f"{number(one.median('cpu_ms'))} ms in the ordinary one, "
        f"{number(ratio(free, one, 'cpu_ms'))} times as much. So {THREADS[-1]} threads finish "
        f"{number(gain)} times as many as in the ordinary build."
    )


def _after(row: Case, rows: Rows) -> str:
    factor = ratio(row, _several(rows, "off"), "rate")
    return f"With {row.labels['imports']}, the rate is {number(factor)} times that without it."


def _advice(rows: Rows) -> str:
    check = (
        "Ask `sys._is_gil_enabled()` after all imports, and log the answer: one extension module "
        "that was not made for it switches the GIL on. Python warns of that once, on standard "
        "error."
    )
    if not _gains(rows):
        return f"Stay with an ordinary Python, and take processes for CPU work. {check}"
    return (
        "For CPU work in threads, try a free-threaded Python, and measure one thread as well. "
        f"{check} Processes of an ordinary Python use all CPUs without that price: the next "
        "section measures them."
    )


CPUS = Column("cpus", "CPUs busy at once")

EXPERIMENT = Experiment(
    name="free_threading",
    title="Python without the GIL",
    claim=(
        "The talk takes the GIL as given: threads do not help CPU work. Today there is a second "
        "build of Python without it, called free-threaded. People say that it makes each thread "
        "slower, and that greenlet, which eventlet and gevent are built on, switches the GIL on "
        "again."
    ),
    theory=(
        "Amdahl's law: without the GIL, no share of a request must run alone, so as many threads "
        "as there are CPUs finish as many times the work. Each thread pays for it: Python counts "
        "the references to each object, and these counts must be safe between threads. An "
        "extension module says whether it is safe "
        "without the GIL. If one is not, Python switches the GIL on for the whole process. "
        "The variable `PYTHON_GIL` does that by hand, for a comparison in one interpreter."
    ),
    mistake=(
        "People install the free-threaded build, and never look whether the GIL is off. One "
        "import is enough: they pay for the slower build, and threads wait for each other as "
        "before."
    ),
    run=run,
    verdict=verdict,
    tables=(
        Table(
            "Requests that compute (`/cpu`) at the peak, with pings beside half of it",
            ("python", "build", "gil", "threads"),
            ("rate", CPUS, "cpu_ms", "ping_p50", "ping_p99", "not_right"),
            {"work": "cpu"},
        ),
        Table(
            "The GIL before and after an import, and the peak then",
            ("imports", "gil_before", "gil_after", "threads"),
            ("rate", CPUS, "cpu_ms", "not_right"),
            {"work": "import"},
        ),
    ),
    rounds=1,
)
