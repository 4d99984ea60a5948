"""The number of queries in flight, as PostgreSQL sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg

#: Seconds between two looks at the database.
LOOK = 0.01


class Queries:
    """Looks at a database, and keeps the largest number of slow queries in flight."""

    #: Those of /db in this database, without this one.
    IN_FLIGHT = """
        SELECT count(*) FROM pg_stat_activity
        WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()
            AND datname = current_database()
    """

    def __init__(self, url: str) -> None:
        self._url = url.replace("+psycopg", "")
        self._stopped = Event()
        self.largest = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look many times during each query, so none is missed."""
        self.largest = 0
        self._stopped.clear()
        thread = Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def _watch(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stopped.wait(LOOK):
                row = connection.execute(self.IN_FLIGHT).fetchone()
                self.largest = max(self.largest, row[0] if row else 0)
