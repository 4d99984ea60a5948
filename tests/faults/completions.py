"""Measures how soon work resumes, by the completion times in the services' database."""

import time

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from tests.support.waiting import POLL_INTERVAL

#: The last change of a complete post is its completion.
_FIRST = text("SELECT min(updated_at) FROM posts WHERE state = 'complete' AND updated_at >= :since")


class Completions:
    """Reads completion times directly from the database, not through the broken network."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)
        #: Seconds that the database's clock is ahead.
        self.ahead = 0

    def seconds_after(self, moment: float, timeout: float) -> float:
        """Seconds from a moment (of time.time) to the next completion, at most `timeout`."""
        give_up_at = time.monotonic() + timeout
        while time.monotonic() < give_up_at:
            first = self._first(int((moment + self.ahead) * 1000))
            if first is not None:
                return max(0.0, first / 1000 - moment - self.ahead)
            time.sleep(POLL_INTERVAL)
        return timeout

    def _first(self, since_ms: int) -> int | None:
        try:
            with self._engine.connect() as connection:
                first: int | None = connection.execute(_FIRST, {"since": since_ms}).scalar()
        except DBAPIError:
            return None
        return first
