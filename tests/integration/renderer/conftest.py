"""A rig of real rendering processes, without a broker."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from splitflap_core.contracts import Flavour, Job, RenderRequest, RenderResult
from splitflap_core.outcomes import Done, Outcome
from splitflap_core.telemetry import Metrics
from splitflap_renderer.process import child_handle
from splitflap_renderer.process.pool import ProcessPool
from splitflap_renderer.settings import RendererSettings

from tests.support import wait_until

#: Seconds that a test waits for an outcome.
OUTCOME_TIMEOUT = 30.0

# Before the first process: a fork server imports these once. `_context` is the one of the pool.
child_handle._context.set_forkserver_preload(
    ["splitflap_renderer.process.preload", "tests.integration.renderer.endless"]
)


def slow(markers: int) -> str:
    """Emphasis in emphasis: the parser reads each opener again for each opener before it."""
    return "*a **a " * markers + "b** b* " * markers


def cpu_ticks(pid: int) -> int:
    """User CPU time of a process in clock ticks, from proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11])


class Rig:
    """A pool, and the outcomes of the submitted texts by their names."""

    def __init__(self, settings: RendererSettings) -> None:
        self.metrics = Metrics("renderer")
        self.pool = ProcessPool(settings, self.metrics)
        self.outcomes: dict[str, tuple[Outcome | None, float]] = {}
        self.order: list[str] = []
        #: The names of begun texts, of those that came back.
        self.begun: list[str] = []
        self._changed = threading.Condition()

    def submit(
        self,
        name: str,
        text: str,
        flavour: Flavour = "markdown",
        *,
        attempt: int = 1,
        came_back: bool = False,
        express: bool = False,
    ) -> None:
        """Submit a text. A second outcome for the same name fails the test."""

        def finish(outcome: Outcome | None, took: float) -> None:
            with self._changed:
                assert name not in self.outcomes
                self.outcomes[name] = (outcome, took)
                self.order.append(name)
                self._changed.notify_all()

        def begin() -> None:
            with self._changed:
                assert name not in self.outcomes
                self.begun.append(name)
                self._changed.notify_all()

        job = Job(name, "render", attempt, time.time(), msgspec.Raw(b"{}"))
        request = RenderRequest(text, flavour)
        self.pool.submit(job, request, finish, begin if came_back else None, express=express)

    def outcome(self, name: str) -> Outcome | None:
        """Wait for the outcome of a text."""
        with self._changed:
            assert self._changed.wait_for(lambda: name in self.outcomes, OUTCOME_TIMEOUT), name
            return self.outcomes[name][0]

    def html(self, name: str) -> str:
        """Wait for the HTML of a text; fail if its outcome is another."""
        outcome = self.outcome(name)
        assert isinstance(outcome, Done), outcome
        return msgspec.json.decode(outcome.result, type=RenderResult).html

    def warm_up(self) -> int:
        """Wait until the processes are ready, and render a text. Return the first one's id."""
        children = self.pool._children
        wait_until(lambda: bool(self.pool.express_pids) and all(each.ready for each in children))
        self.submit("warm", "hi")
        self.html("warm")
        return self.pool.pids[0]

    def replaced(self, why: str) -> float:
        """How many processes were replaced for this reason."""
        counter = self.metrics.counter("splitflap_renderer_children_replaced_total")
        # prometheus_client has no public way to read one counter.
        value: float = counter.labels(why)._value.get()
        return value


MakeRig = Callable[..., Rig]


@pytest.fixture
def make_rig() -> Iterator[MakeRig]:
    """Starts pools of one process, or with the given settings; stops them after the test."""
    rigs: list[Rig] = []

    def make(**settings: float) -> Rig:
        rig = Rig(msgspec.convert({"processes": 1, **settings}, RendererSettings))
        rigs.append(rig)
        rig.pool.start()
        return rig

    yield make
    for rig in rigs:
        rig.pool.stop(0.1)
