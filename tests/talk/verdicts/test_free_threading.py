"""The verdict on free threading follows what the servers said about their GIL."""

from benchmarks.talk.experiment import Case, Rows, Verdict
from benchmarks.talk.experiments.free_threading import FREE, ORDINARY, THREADS, verdict

from . import case

SEVERAL = THREADS[-1]


def computing(rate: float, cpu_ms: float, build: str, gil: str, threads: int) -> Case:
    """A case of CPU work."""
    figures = {"rate": rate, "cpu_ms": cpu_ms, "ping_p99": 100 / rate, "cpus": rate / 4}
    return case(figures, work="cpu", python="3", build=build, gil=gil, threads=threads)


def importing(name: str, gil: str, rate: float) -> Case:
    """A case of an import. The GIL is off before it."""
    labels = {"imports": name, "gil_before": "off", "gil_after": gil}
    return case({"rate": rate}, work="import", threads=SEVERAL, **labels)


def not_made(work: str, **labels: str | int) -> Case:
    """A case without figures."""
    return Case({"work": work, **labels}, {}, "it is not made")


USUAL = (computing(5.0, 200.0, ORDINARY, "on", 1), computing(5.0, 200.0, ORDINARY, "on", SEVERAL))
IMPORTS = (importing("greenlet old", "on", 4.0), importing("greenlet new", "off", 8.0))


def verdict_of(
    off: float = 8.0, usual: tuple[Case, ...] = USUAL, imports: tuple[Case, ...] = IMPORTS
) -> Verdict:
    """`off`: the rate of several threads without the GIL; with it they finish 4 a second."""
    rows = [*usual, computing(4.0, 250.0, FREE, "off", 1)]
    rows += [
        computing(4.0, 250.0, FREE, "on", SEVERAL),
        computing(off, 250.0, FREE, "off", SEVERAL),
    ]
    return verdict(Rows([*rows, *imports]))


def test_more_work_without_the_gil_ends_the_old_claim() -> None:
    """The factor is of one interpreter."""
    found = verdict_of(off=8.0)
    assert found.still_true.startswith("No longer")
    assert "8 requests a second without the GIL and 4 with it: 2 times as many" in found.by_how_much
    assert "They keep 2 CPUs busy at once, and 1 with the GIL." in found.by_how_much
    assert "12.5 ms without the GIL and 25 ms with it" in found.by_how_much
    assert "try a free-threaded Python" in found.what_to_do


def test_no_gain_keeps_the_claim() -> None:
    """And the advice is to stay."""
    found = verdict_of(off=4.4)
    assert found.still_true.startswith("Yes:")
    assert found.what_to_do.startswith("Stay with an ordinary Python")


def test_each_import_is_judged_by_itself() -> None:
    """One version of greenlet switches the GIL on, another does not."""
    found = verdict_of()
    assert "Importing greenlet old switches the GIL on" in found.still_true
    assert "Importing greenlet new leaves the GIL off" in found.still_true
    assert "With greenlet old, the rate is 0.5 times that without it." in found.by_how_much


def test_a_greenlet_that_could_not_be_installed_has_its_reason() -> None:
    """It has no rate."""
    missing = not_made("import", imports="greenlet-new", gil_before="", gil_after="")
    found = verdict_of(imports=(IMPORTS[0], missing))
    assert "greenlet-new was not measured: it is not made." in found.still_true
    assert "greenlet-new" not in found.by_how_much


def test_a_gain_that_only_makes_up_for_the_slower_build_is_no_gain() -> None:
    """The ordinary build finishes as many."""
    assert verdict_of(off=5.0).still_true.startswith("In part:")


def test_both_builds_are_compared() -> None:
    """One thread by the CPU of a request, several by their rate."""
    found = verdict_of(off=8.0).by_how_much
    assert "1.25 times as much" in found
    assert "4 threads finish 1.6 times as many as in the ordinary build" in found


def test_without_an_ordinary_build_the_price_is_not_told() -> None:
    """The rest is."""
    missing = tuple(not_made("cpu", build=ORDINARY, gil="on", threads=each) for each in THREADS)
    found = verdict_of(usual=missing)
    assert "it needs an ordinary build" in found.by_how_much
    assert found.still_true.startswith("No longer")


def test_answers_that_were_not_right_are_told() -> None:
    """Threads without the GIL may break a package."""
    broken = Case(IMPORTS[1].labels, {**IMPORTS[1].figures, "wrong": [3.0]})
    assert "Not every answer was right: 3 wrong." in verdict_of(imports=(broken,)).still_true
