"""Records the history: after each step, what this replica counted in it.

The counts are the differences of metrics, so no request does more for them. During an outage of the
database they stay here, by step, for as long as the history goes back.
"""

import random
import time
from collections import Counter

from splitflap_core.telemetry import Metrics
from sqlalchemy import Connection

from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.operator.history import (
    STEP,
    STEPS,
    forget_steps,
    has_gauges,
    last_step,
    new_row,
    write_steps,
)
from splitflap_api.domain.operator.status import count_running
from splitflap_api.loops.loop import Duty, Loop
from splitflap_api.store.bulk import Row
from splitflap_api.store.engine import Store

#: Seconds after the end of a step in which a replica writes its row, at random. The first one also
#: reads the gauges, for all.
WRITTEN_WITHIN = (0.1, 1.0)

#: Seconds between two deletions of old rows.
FORGET_EVERY = 60.0

#: Rows of this replica that are kept in memory, should the clock be set back to them.
KEPT = STEPS

Totals = Counter[str]


class Recorder(Loop):
    """Runs in every process."""

    def __init__(self, store: Store, metrics: Metrics, replica: str, *, gauges: bool) -> None:
        """`gauges`: whether this process counts waiting jobs (the role `outcomes`)."""
        super().__init__(
            "history",
            Duty("record a step", self._record),
            Duty("forget old steps", self._forget),
            pause=self._until_next,
            last_run=True,
        )
        self._store = store
        self._metrics = metrics
        self._replica = replica
        self._has_gauges = gauges
        self._last = self._totals()
        #: The database's clock minus the monotonic one, in milliseconds, once it is known.
        self._clock_offset: int | None = None
        self._rows: dict[int, Row] = {}
        self._unwritten: set[int] = set()
        self._forgot_at = time.monotonic()
        #: Requests shed in the last step, by the label `why`.
        self.shed_lately: dict[str, int] = {}

    @property
    def streams(self) -> int:
        """The open event streams of this replica."""
        return int(self._sum("splitflap_event_streams"))

    def _until_next(self) -> float:
        left = STEP - self._now() % STEP if self._clock_offset is not None else STEP
        return left / 1000 + random.uniform(*WRITTEN_WITHIN)  # noqa: S311 - jitter

    def _now(self) -> int:
        """The database's clock, as far as it is known."""
        return _monotonic_ms() + (self._clock_offset or 0)

    def _record(self) -> None:
        try:
            with self._store.read() as tx:
                self._clock_offset = self._store.now(tx) - _monotonic_ms()
        finally:
            step = self._note_counts()
        with self._store.statement() as tx:
            if self._has_gauges and not has_gauges(tx, step):
                self._rows[step] |= self._gauges(tx)
            write_steps(tx, [self._rows[each] for each in sorted(self._unwritten)])
        self._unwritten.clear()

    def _note_counts(self) -> int:
        """Add what was counted since the last time to the step that has ended.

        Before the first answer of the database no step is known, and nothing is noted.
        """
        step = last_step(self._now())
        if self._clock_offset is None:
            return step
        before, self._last = self._last, self._totals()
        row = self._rows.setdefault(step, new_row(step, self._replica))
        added = self._last - before
        self.shed_lately = {
            name.removeprefix("shed "): count
            for name, count in added.items()
            if name.startswith("shed ")
        }
        for name in row.keys() & added.keys():
            row[name] += added[name]
        row["streams"] = self.streams
        self._unwritten.add(step)
        for old in sorted(self._rows)[:-KEPT]:
            del self._rows[old]
            self._unwritten.discard(old)
        return step

    def _totals(self) -> Totals:
        """The counts since the start of the process."""
        totals = Totals()
        totals["accepted"] = int(self._sum("splitflap_commit_batch_size", "_sum"))
        for labels, value in self._metrics.values("splitflap_tasks_finished_total"):
            totals["finished"] += int(value)
            totals["failed"] += int(value) if labels["status"] >= "400" else 0
        for labels, value in self._metrics.values("splitflap_http_shed_total"):
            totals["refused"] += int(value)
            totals[f"shed {labels['why']}"] = int(value)
        for name, metric in (("done", "finished"), ("published", "published")):
            for labels, value in self._metrics.values(f"splitflap_jobs_{metric}_total"):
                totals[f"{labels['kind']}_{name}"] += int(value)
        return totals

    def _gauges(self, tx: Connection) -> Row:
        """The values of now. The reconciler has counted the waiting jobs."""
        row: Row = {"running": count_running(tx), "dead": dead_letters.count(tx)}
        for labels, value in self._metrics.values("splitflap_jobs_waiting"):
            name = f"{labels['kind']}_waiting"
            row[name] = row.get(name, 0) + int(value)
        for labels, value in self._metrics.values("splitflap_oldest_job_seconds"):
            name = f"{labels['kind']}_oldest"
            row[name] = max(row.get(name, 0.0), value)
        return row

    def _forget(self) -> None:
        if time.monotonic() - self._forgot_at >= FORGET_EVERY:
            self._forgot_at = time.monotonic()
            with self._store.write() as tx:
                forget_steps(tx, self._store.now(tx))

    def _sum(self, metric: str, part: str = "") -> float:
        return sum(value for _, value in self._metrics.values(metric, part))


def _monotonic_ms() -> int:
    return int(time.monotonic() * 1000)
