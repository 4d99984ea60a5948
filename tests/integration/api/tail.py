"""A reader of the events' table, as a replica's feed is one."""

import threading
from types import TracebackType
from typing import Self

from splitflap_api.store.engine import Store
from splitflap_api.store.schema import events, tasks
from sqlalchemy import func, select

from tests.support import wait_until


class Tail:
    """Reads `id > last` again and again; notes every id, and the least count of pending jobs."""

    def __init__(self, store: Store) -> None:
        self.seen: list[int] = []
        self.least_pending = 0
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def until(self, count: int) -> list[int]:
        """The ids seen, once there are so many."""
        wait_until(lambda: len(self.seen) >= count, lambda: f"{count}: {len(self.seen)}", 20)
        return self.seen

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stopping.is_set():
            last = self.seen[-1] if self.seen else 0
            with self._store.read() as tx:
                wanted = select(events.c.id).where(events.c.id > last).order_by(events.c.id)
                self.seen += tx.execute(wanted.limit(50)).scalars()
                least = tx.execute(select(func.min(tasks.c.pending))).scalar_one()
            self.least_pending = min(self.least_pending, least or 0)
