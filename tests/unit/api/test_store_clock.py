"""The database's clock, which judges all due times and ages."""

import time

from splitflap_api.store.engine import Store


def test_the_clock_of_sqlite_loses_no_millisecond(store: Store) -> None:
    """SQLite counts in days, as a floating-point number."""
    for _ in range(200):
        store._clock.forget()  # each look is a query
        before = int(time.time() * 1000)
        with store.read() as tx:
            now = store.now(tx)
        assert before <= now <= time.time() * 1000
