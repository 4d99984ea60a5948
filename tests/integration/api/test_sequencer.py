"""Events of many PostgreSQL transactions get dense ids, in an order that skips no event."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import msgspec
import pytest
from splitflap_api.domain.changes import Changes
from splitflap_api.domain.fair.routes import Router
from splitflap_api.loops.sequencer import Sequencer
from splitflap_api.store import schema
from splitflap_api.store.engine import Store
from splitflap_api.store.outbox import LIMIT, Outbox, Pass
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.exc import OperationalError

from tests.support import wait_until

from .conftest import MakeRig
from .tail import Tail

pytestmark = [
    pytest.mark.servers,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

#: Transactions of each writer, and writers of each replica.
TRANSACTIONS = 60
WRITERS = 3

#: Longest wait in seconds.
PATIENCE = 20.0


@pytest.fixture
def stores(make_rig: MakeRig) -> list[Store]:
    """Two replicas of one database."""
    return [make_rig(started=False).store for _ in range(2)]


def event(tx: Connection, post: str, revision: int) -> None:
    """Add an event of a post, as this release does."""
    changes = Changes(0, Router())
    changes.event("edited", {"id": post, "channel": "general", "revision": revision})
    changes.write(tx)


def old_event(tx: Connection, post: str, revision: int) -> None:
    """Add an event as the release before: numbered under the lock of the counter."""
    data = {"post": post, "revision": revision}
    event_id = tx.execute(
        text("UPDATE counters SET value = value + 1 WHERE name = 'events' RETURNING value")
    ).scalar_one()
    row = {"channel": "general", "kind": "edited", "created_at": 0}
    values = {**row, "id": event_id, "data": msgspec.json.encode(data).decode()}
    tx.execute(insert(schema.events), values)


def rows(store: Store) -> list[Any]:
    """All events: their ids, posts and revisions."""
    with store.read() as tx:
        found = tx.execute(select(schema.events.c.id, schema.events.c.data).order_by("id"))
        return [(each.id, msgspec.json.decode(each.data)) for each in found]


def ids(store: Store) -> list[int]:
    """The ids of all events."""
    return [n for n, _ in rows(store)]


def waiting(store: Store) -> int:
    """The events without an id."""
    with store.read() as tx:
        return tx.execute(select(func.count()).select_from(schema.outbox)).scalar_one()


def number(store: Store) -> Pass:
    """One pass of a new sequencer."""
    return Outbox(store).number_first()


@contextmanager
def sequencing(stores: Sequence[Store]) -> Iterator[list[Sequencer]]:
    """A sequencer for each replica."""
    made = [Sequencer(Outbox(each).number_first, lambda: None) for each in stores]
    for each in made:
        each.start()
    try:
        yield made
    finally:
        for each in made:
            each.stop(PATIENCE)


class Writer:
    """Revisions of one post: some transactions take long, and some are rolled back."""

    def __init__(self, store: Store, post: str, add: Callable[..., None] = event) -> None:
        self.post = post
        self.revision = 0
        self._store = store
        self._add = add
        self._random = random.Random(post)

    def run(self, woken: Sequence[Sequencer]) -> int:
        """Write, and return the number of committed events."""
        for _ in range(TRANSACTIONS):
            with suppress(RuntimeError), self._store.write() as tx:
                events = self._random.choice((1, 1, 3))
                for n in range(1, events + 1):
                    self._add(tx, self.post, self.revision + n)
                if self._random.random() < 0.2:
                    time.sleep(self._random.choice((0.001, 0.02)))
                if self._random.random() < 0.2:
                    raise RuntimeError
                self.revision += events
            for each in woken:
                each.wake()
        return self.revision


def write_all(writers: Sequence[Writer], woken: Sequence[Sequencer] = ()) -> int:
    """Let all writers run at once. Return the number of committed events."""
    with ThreadPoolExecutor(len(writers)) as pool:
        return sum(pool.map(lambda each: each.run(woken), writers))


def test_writers_and_two_sequencers_skip_nothing(stores: list[Store]) -> None:
    """Ids are dense, a reader has every event once, and each post has its events in order."""
    writers = [Writer(each, f"{n}-{w}") for n, each in enumerate(stores) for w in range(WRITERS)]
    with sequencing(stores) as sequencers, Tail(stores[0]) as tail:
        committed = write_all(writers, sequencers)
        seen = tail.until(committed)
    assert seen == list(range(1, committed + 1))
    revisions = defaultdict(list)
    for _, data in rows(stores[0]):
        revisions[data["post"]].append(data["revision"])
    assert revisions == {each.post: list(range(1, each.revision + 1)) for each in writers}
    assert waiting(stores[0]) == 0


def test_a_replica_of_the_last_release_numbers_beside_a_sequencer(stores: list[Store]) -> None:
    """A rolling upgrade has both. Ids stay dense, and a reader skips nothing."""
    one, two = stores
    old = [Writer(one, f"old-{n}", old_event) for n in range(WRITERS)]
    new = [Writer(two, f"new-{n}") for n in range(WRITERS)]
    with sequencing([two]) as sequencers, Tail(one) as tail:
        committed = write_all([*old, *new], sequencers)
        seen = tail.until(committed)
    assert seen == list(range(1, committed + 1))
    assert ids(one) == seen


def test_a_long_transaction_delays_its_own_events_only(stores: list[Store]) -> None:
    """Other commits do not wait for it, nor do readers."""
    one, two = stores
    with one.write() as long:
        event(long, "long", 1)
        with two.write() as tx:
            tx.execute(text("SET LOCAL lock_timeout = '100ms'"))
            event(tx, "short", 1)
        assert number(two) == Pass(has_lock=True, numbered=1)
    assert number(two) == Pass(has_lock=True, numbered=1)
    assert [(n, data["post"]) for n, data in rows(one)] == [(1, "short"), (2, "long")]


@contextmanager
def stuck_pass(store: Store, other: Store) -> Iterator[int]:
    """A pass of `store` that waits for the row of the counter. Gives its process at the server."""
    failed: list[Exception] = []

    def run() -> None:
        try:
            number(store)
        except OperationalError as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    with other.write() as tx:
        tx.execute(text("SELECT * FROM counters FOR UPDATE"))
        thread.start()
        found = text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted")
        with other.read() as reading:
            wait_until(lambda: bool(reading.execute(found).all()), lambda: "the pass", PATIENCE)
            yield reading.execute(found).scalar_one()
    thread.join(PATIENCE)


def test_a_second_sequencer_does_not_wait(stores: list[Store]) -> None:
    """One numbers, and the other learns that it has to try again."""
    one, two = stores
    with one.write() as tx:
        event(tx, "p", 1)
    with stuck_pass(one, two):
        assert number(two) == Pass(has_lock=False)
    assert number(two) == Pass(has_lock=True)
    assert ids(two) == [1]


def test_a_sequencer_that_dies_during_a_pass_leaves_its_events(stores: list[Store]) -> None:
    """The next pass numbers them, without a gap and without a repetition."""
    one, two = stores
    for revision in (1, 2):
        with one.write() as tx:
            event(tx, "p", revision)
    with stuck_pass(one, two) as process, two.read() as tx:
        tx.execute(text("SELECT pg_terminate_backend(:process)"), {"process": process})
        gone = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        wait_until(lambda: not tx.execute(gone).scalar_one(), lambda: "the pass", PATIENCE)
    assert ids(two) == []
    assert number(two) == Pass(has_lock=True, numbered=2)
    assert [(n, data["revision"]) for n, data in rows(two)] == [(1, 1), (2, 2)]


def test_a_pass_has_a_limit(stores: list[Store]) -> None:
    """After an outage many events may wait. Each pass takes the first ones."""
    one, _ = stores
    with one.write() as tx:
        changes = Changes(0, Router())
        for revision in range(1, LIMIT + 3):
            changes.event("edited", {"id": "p", "channel": "general", "revision": revision})
        changes.write(tx)
    assert number(one) == Pass(has_lock=True, numbered=LIMIT)
    assert number(one) == Pass(has_lock=True, numbered=2)
    assert [(n, data["revision"]) for n, data in rows(one)] == [(n, n) for n in range(1, LIMIT + 3)]


def test_rows_that_a_long_reader_keeps_are_not_read_again(stores: list[Store]) -> None:
    """A pass begins behind the rows that are surely numbered, and still takes each late commit."""
    one, two = stores
    outbox = Outbox(one)

    def numbers_one(post: str) -> None:
        with two.write() as tx:
            event(tx, post, 1)
        assert outbox.number_first() == Pass(has_lock=True, numbered=1)

    for n in range(3):
        numbers_one(f"before-{n}")
    assert outbox._floor._key >= 1
    with two.write() as late:
        event(late, "late", 1)
        before = outbox._floor._key
        for n in range(3):
            numbers_one(f"beside-{n}")
        assert outbox._floor._key <= before + 2
    for n in range(3):
        numbers_one(f"after-{n}") if n else outbox.number_first()
    assert waiting(one) == 0
    assert outbox._floor._key > before + 2


def test_a_transaction_has_its_number_before_its_first_key(stores: list[Store]) -> None:
    """The floor relies on it. PostgreSQL gives a number at the first write, after the first key."""
    one, _ = stores
    number_so_far = "SELECT pg_current_xact_id_if_assigned()::text"
    with one.write() as tx:
        tx.execute(text(f"CREATE FUNCTION so_far() RETURNS text LANGUAGE sql AS '{number_so_far}'"))
        tx.execute(text("ALTER TABLE outbox ADD COLUMN number text"))
        tx.execute(text("ALTER TABLE outbox ALTER number SET DEFAULT so_far()"))
    # The first key of a sequence is logged, which gives a number too.
    for revision in (1, 2):
        with one.statement() as tx:
            event(tx, "p", revision)
    with one.read() as tx:
        assert None not in tx.execute(text("SELECT number FROM outbox")).scalars().all()


def test_the_floor_waits_for_a_low_key_of_a_younger_transaction(stores: list[Store]) -> None:
    """Transactions may get their keys in another order than their numbers."""
    one, two = stores
    outbox = Outbox(one)
    with two.write() as younger:
        with one.write() as older:
            older.execute(text("SELECT pg_current_xact_id()"))
            event(younger, "younger", 1)
            event(older, "older", 1)
        for n in range(4):
            assert outbox.number_first() == Pass(has_lock=True, numbered=1)
            with one.write() as tx:
                event(tx, "other", n)
        assert outbox._floor._key == 0
    assert outbox.number_first() == Pass(has_lock=True, numbered=2)
    assert waiting(one) == 0
