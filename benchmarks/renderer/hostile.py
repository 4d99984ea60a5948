"""The latency of a normal text after each hostile one, in the same process or its successor.

The hostile texts are those of tests/unit/renderer/hostile.py, with the default deadline. The time
is from the outcome of the hostile text to the outcome of the normal one.
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

#: Milliseconds until a normal text must be done.
LIMIT_MS = 100.0

NORMAL = "Hello **world**, see https://x.example and `code`.\n\n- one\n- two\n"


def main() -> None:
    """Measure, print the table, and note the outcomes of the hostile texts."""
    pool = ProcessPool(RendererSettings(processes=1), Metrics("renderer"))
    pool.start()
    try:
        _render(pool, NORMAL, "markdown")
        lines = [line for flavour in FLAVOURS for line in _after_each(pool, flavour)]
    finally:
        pool.stop(5)
    show(f"hostile: a normal text after each of {len(HOSTILE)} hostile ones, ms", *lines)


def _after_each(pool: ProcessPool, flavour: Flavour) -> tuple[Line, Line]:
    outcomes: dict[str, int] = {}
    after: list[tuple[float, str]] = []
    for name, text in HOSTILE.items():
        outcome, _ = _render(pool, text, flavour)
        kind = outcome.reason if isinstance(outcome, Failed) else "done"
        outcomes[kind] = outcomes.get(kind, 0) + 1
        normal, took = _render(pool, NORMAL, flavour)
        if not isinstance(normal, Done):
            raise TypeError(f"after {name}: {normal}")
        after.append((took, name))
    after.sort()
    longest, name = after[-1]
    note(f"{flavour}: {outcomes}; the longest was after {name}")
    half, most = Line(f"{flavour}: p50"), Line(f"{flavour}: the most", at_most(LIMIT_MS))
    half.add(after[len(after) // 2][0])
    most.add(longest)
    return half, most


def _render(pool: ProcessPool, text: str, flavour: Flavour) -> tuple[Outcome | None, float]:
    """Render a text: its outcome, and the milliseconds until it."""
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
