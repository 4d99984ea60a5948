"""How soon a normal text is rendered after each hostile one, by the same child or its successor.

The texts are those of tests/unit/renderer/hostile.py; the deadline is the default one. The time is
from the hostile text's outcome to the normal one's.
"""

import threading
import time

import msgspec
from splitflap_core.contracts import FLAVOURS, Flavour, Job, RenderRequest
from splitflap_core.outcomes import Done, Failed, Outcome
from splitflap_core.telemetry import Metrics
from splitflap_renderer.process.pool import ProcessPool
from splitflap_renderer.settings import RendererSettings

from benchmarks.harness.table import Line, at_most, note, show
from tests.unit.renderer.hostile import HOSTILE

#: Milliseconds within which a normal text must be done.
MOST = 100.0

NORMAL = "Hello **world**, see https://x.example and `code`.\n\n- one\n- two\n"


def main() -> None:
    """Print the table, and what became of the hostile texts."""
    pool = ProcessPool(RendererSettings(processes=1), Metrics("renderer"))
    pool.start()
    try:
        _render(pool, NORMAL, "markdown")
        lines = [line for flavour in FLAVOURS for line in _after(pool, flavour)]
    finally:
        pool.stop(5)
    show(f"A normal text after each of {len(HOSTILE)} hostile ones, ms", *lines)


def _after(pool: ProcessPool, flavour: Flavour) -> tuple[Line, Line]:
    ends: dict[str, int] = {}
    after: list[tuple[float, str]] = []
    for name, text in HOSTILE.items():
        outcome, _ = _render(pool, text, flavour)
        end = outcome.reason if isinstance(outcome, Failed) else "done"
        ends[end] = ends.get(end, 0) + 1
        normal, took = _render(pool, NORMAL, flavour)
        if not isinstance(normal, Done):
            raise TypeError(f"after {name}: {normal}")
        after.append((took, name))
    after.sort()
    longest, name = after[-1]
    note(f"{flavour}: {ends}; the longest was after {name}")
    half, most = Line(f"{flavour}: p50"), Line(f"{flavour}: the most", at_most(MOST))
    half.add(after[len(after) // 2][0])
    most.add(longest)
    return half, most


def _render(pool: ProcessPool, text: str, flavour: Flavour) -> tuple[Outcome | None, float]:
    """The outcome, and the milliseconds until it came."""
    done = threading.Event()
    outcomes: list[Outcome | None] = []

    def finish(outcome: Outcome | None, _took: float) -> None:
        outcomes.append(outcome)
        done.set()

    begin = time.monotonic()
    job = Job("job", "render", 1, time.time(), msgspec.Raw(b"{}"))
    pool.submit(job, RenderRequest(text, flavour), finish)
    done.wait()
    return outcomes[0], (time.monotonic() - begin) * 1000


if __name__ == "__main__":
    main()
