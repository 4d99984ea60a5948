"""A pool of rendering processes, fed by one thread.

    submit -> lanes -> batch -> process -> an answer for each text -> finish

The order of a stop:

1. `submit` refuses texts.
2. Texts that no process has begun are given back.
3. Texts that are being rendered are finished, until the timeout.
4. The processes are killed, and unfinished texts are given back.
"""

import logging
import threading
import time

from splitflap_core.contracts import Job, RenderRequest
from splitflap_core.outcomes import SlowDown
from splitflap_core.telemetry import Metrics
from splitflap_core.worker import Begin, Finish, Pool

from splitflap_renderer.process.child_handle import REAP_TIMEOUT
from splitflap_renderer.process.child_set import START_BACKOFF, ChildSet
from splitflap_renderer.process.container import memory_mib, usable_cpus
from splitflap_renderer.process.dispatcher import Dispatcher, Idle, PrefetchListener, slow_lane_full
from splitflap_renderer.process.lanes import Lanes, Text
from splitflap_renderer.process.prefetch import PrefetchController
from splitflap_renderer.settings import RendererSettings

logger = logging.getLogger(__name__)

#: Largest prefetch, in full batches for each process: one that is being rendered and one that
#: waits, so that a process has its next batch at once.
BATCHES_PER_PROCESS = 2

#: Seconds without a heartbeat after which the pool's thread counts as stuck.
STUCK_AFTER = 30.0


class ProcessPool(Pool[RenderRequest]):
    """Renders texts in processes. The worker's prefetch bounds the waiting texts.

    A text fails with the reason `refused` (by the checks), `deadline`, or `broken` (rendering
    raised). A text is retried with the reason `crashed` if its process died; after its last
    attempt it fails with that reason.
    """

    def __init__(self, settings: RendererSettings, metrics: Metrics) -> None:
        self._slots = settings.processes or usable_cpus()
        most = self._slots * settings.texts_per_batch * BATCHES_PER_PROCESS
        deadline = settings.render_deadline
        self._prefetch = PrefetchController(self._slots, most)
        self._lanes = Lanes(
            self._slots, settings.texts_per_batch, deadline, self._prefetch.slow_limit
        )
        # The express process is one more.
        memory = _memory_of_each(settings, self._slots + 1)
        self._children = ChildSet(self._slots, deadline, memory, settings.options)
        self._dispatcher = Dispatcher(
            settings, self._lanes, self._prefetch, self._children, metrics
        )
        self._lock = threading.Lock()
        #: Whether a process is idle; `submit` then wakes the thread.
        self._idle = Idle()
        self._stop_by: float | None = None
        self._heartbeat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="pool", daemon=True)

    @property
    def slots(self) -> int:
        return self._slots

    @property
    def prefetch(self) -> int:
        """How many texts the worker holds now."""
        return self._prefetch.count

    @property
    def pids(self) -> list[int]:
        """The ids of the processes for all texts."""
        return [child.pid for child in self._children if not child.express]

    @property
    def express_pids(self) -> list[int]:
        """The id of the express process, once it has started."""
        return [child.pid for child in self._children if child.express]

    def report_prefetch_to(self, listener: PrefetchListener) -> None:
        """Report each new prefetch to `listener`. Call it before `start`."""
        self._dispatcher.prefetch_listener = listener

    def start(self) -> None:
        self._children.start_missing()
        self._thread.start()

    def submit(
        self,
        job: Job,
        request: RenderRequest,
        finish: Finish,
        begin: Begin | None = None,
        *,
        express: bool = False,
    ) -> None:
        with self._lock:
            if self._stop_by is not None:
                raise SlowDown(START_BACKOFF, "the renderer is stopping")
            if not self._children.can_render:
                raise SlowDown(START_BACKOFF, "rendering processes fail to start")
            taken = self._lanes.add(Text(job, request, finish, begin, express))
            wake = taken and (self._idle.express if express else self._idle.normal)
            if wake:
                self._idle = Idle(normal=False, express=False)
        if wake:
            self._children.wake()
        if not taken:
            finish(slow_lane_full(), 0.0)

    def stop(self, timeout: float) -> None:
        with self._lock:
            self._stop_by = time.monotonic() + timeout
        if not self._thread.is_alive():
            return
        self._children.wake()
        self._thread.join(timeout + REAP_TIMEOUT * (self._slots + 2))

    def complaint(self) -> str | None:
        if not self._thread.is_alive():
            return "the pool's thread has ended"
        silent = time.monotonic() - self._heartbeat
        return f"the pool's thread is stuck for {silent:.0f} s" if silent > STUCK_AFTER else None

    def _run(self) -> None:
        """The thread's loop."""
        while self._stop_by is None:
            self._heartbeat = time.monotonic()
            self._children.start_missing()
            # Set before the lanes are read, so that no text is added unseen.
            self._idle = Idle()
            self._idle = self._dispatcher.hand_out()
            self._dispatcher.wait_and_read()
            self._dispatcher.end_overdue()
        self._finish_running(self._stop_by)
        self._dispatcher.end_all()

    def _finish_running(self, stop_by: float) -> None:
        self._dispatcher.wait_and_read(0.0)
        self._dispatcher.drain()
        while self._dispatcher.is_rendering() and time.monotonic() < stop_by:
            self._heartbeat = time.monotonic()
            self._dispatcher.wait_and_read(stop_by - time.monotonic())
            self._dispatcher.end_overdue()


def _memory_of_each(settings: RendererSettings, slots: int) -> int:
    """MiB for each process: the setting, or its share of the container's memory if smaller."""
    share = memory_mib(settings.render_memory_mib, slots)
    if share < settings.render_memory_mib:
        logger.warning(
            "renderer pool: the container's memory allows %d MiB for each process instead of "
            "SPLITFLAP_RENDER_MEMORY_MIB (%d); raise the container's limit or lower the setting",
            share,
            settings.render_memory_mib,
        )
    return share
