"""Real pools of real processes."""

import threading
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest
from splitflap_core.contracts import Flavour, Job, RenderRequest, RenderResult
from splitflap_core.outcomes import Done, Outcome
from splitflap_core.telemetry import Metrics
from splitflap_renderer.process.pool import ProcessPool
from splitflap_renderer.settings import RendererSettings

#: Seconds that a test waits for what must happen.
PATIENCE = 30.0


def slow(markers: int) -> str:
    """Emphasis in emphasis: each opener is looked at again from each before it."""
    return "*a **a " * markers + "b** b* " * markers


#: Tens of seconds of work for Python-Markdown, and nothing that is refused: each row of backticks
#: is looked for to the end of the block.
ENDLESS = r"a\``" * 16_000


class Rig:
    """A pool, and what it said of the texts that were submitted."""

    def __init__(self, settings: RendererSettings) -> None:
        self.metrics = Metrics("renderer")
        self.pool = ProcessPool(settings, self.metrics)
        self.outcomes: dict[str, tuple[Outcome | None, float]] = {}
        self.order: list[str] = []
        self._changed = threading.Condition()

    def submit(self, name: str, text: str, flavour: Flavour = "markdown") -> None:
        """Submit a text; a second outcome for the same name fails the test."""

        def finish(outcome: Outcome | None, took: float) -> None:
            with self._changed:
                assert name not in self.outcomes
                self.outcomes[name] = (outcome, took)
                self.order.append(name)
                self._changed.notify_all()

        job = Job(name, "render", 1, time.time(), msgspec.Raw(b"{}"))
        self.pool.submit(job, RenderRequest(text, flavour), finish)

    def outcome(self, name: str) -> Outcome | None:
        """What became of a text, waiting for it."""
        with self._changed:
            assert self._changed.wait_for(lambda: name in self.outcomes, PATIENCE), name
            return self.outcomes[name][0]

    def html(self, name: str) -> str:
        """The HTML of a text that must be done."""
        outcome = self.outcome(name)
        assert isinstance(outcome, Done), outcome
        return msgspec.json.decode(outcome.result, type=RenderResult).html

    def replaced(self, why: str) -> float:
        """How many children were replaced."""
        counter = self.metrics.counter("splitflap_renderer_children_replaced_total")
        value: float = counter.labels(why)._value.get()
        return value


@pytest.fixture
def make_rig() -> Iterator[Callable[..., Rig]]:
    """Makes started pools by their settings, and ends them with the test."""
    rigs: list[Rig] = []

    def make(**settings: float) -> Rig:
        rig = Rig(msgspec.convert({"processes": 1, **settings}, RendererSettings))
        rigs.append(rig)
        rig.pool.start()
        return rig

    yield make
    for rig in rigs:
        rig.pool.stop(0.1)
