"""When posts were finished, by the database's own clock, for measuring how soon work resumes."""

import time

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tests.support.waiting import POLL_INTERVAL

#: A post's last change, once it is complete, is its completion.
_FIRST = text("SELECT min(updated_at) FROM posts WHERE state = 'complete' AND updated_at >= :since")


class Completions:
    """Reads the services' database past their network."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)

    def seconds_after(self, moment: float, patience: float) -> float:
        """Seconds from a moment (of time.time) to the next completion; `patience` if none comes."""
        give_up_at = time.monotonic() + patience
        while time.monotonic() < give_up_at:
            first = self._first(int(moment * 1000))
            if first is not None:
                return max(0.0, first / 1000 - moment)
            time.sleep(POLL_INTERVAL)
        return patience

    def _first(self, since: int) -> int | None:
        try:
            with self._engine.connect() as connection:
                first: int | None = connection.execute(_FIRST, {"since": since}).scalar()
        except DBAPIError:
            return None
        return first
