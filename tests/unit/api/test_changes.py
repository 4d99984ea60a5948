"""Events have dense ids in the order of commits."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from splitflap_api.domain.changes import Changes
from splitflap_api.domain.fair.routes import Router
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import events
from sqlalchemy import select

POST = {"id": "p", "channel": "general", "revision": 1}


def write(store: Store, *kinds: str) -> None:
    """Write events of these kinds in one transaction."""
    with store.write() as tx:
        changes = Changes(store.now(tx), Router())
        for kind in kinds:
            changes.event(kind, POST)
        changes.write(tx)


def numbered(store: Store) -> list[tuple[int, str]]:
    """The ids and kinds of all events."""
    with store.read() as tx:
        rows = tx.execute(select(events.c.id, events.c.kind).order_by(events.c.id))
        return [(row.id, row.kind) for row in rows]


def test_ids_are_dense_and_in_order(store: Store) -> None:
    """This holds within a transaction, and from one transaction to the next."""
    write(store, "a", "b")
    write(store)
    write(store, "c")
    assert numbered(store) == [(1, "a"), (2, "b"), (3, "c")]


def test_a_rolled_back_transaction_leaves_no_gap(store: Store) -> None:
    """The next transaction gets the ids of the rolled-back one."""
    write(store, "a")
    with suppress(RuntimeError), store.write() as tx:
        changes = Changes(store.now(tx), Router())
        changes.event("lost", POST)
        changes.write(tx)
        raise RuntimeError
    write(store, "b")
    assert numbered(store) == [(1, "a"), (2, "b")]


@contextmanager
def reader(store: Store, seen: list[list[int]]) -> Iterator[None]:
    """Note all ids again and again."""
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.append([number for number, _ in numbered(store)])

    thread = threading.Thread(target=read)
    thread.start()
    yield
    stop.set()
    thread.join(20)


def test_no_lower_id_appears_after_a_higher_one(store: Store, tmp_path: Path) -> None:
    """Two stores write. A reader of an id has seen all lower ones."""
    other = Store(None, str(tmp_path), pool=4)
    seen: list[list[int]] = []
    with reader(store, seen), ThreadPoolExecutor(8) as writers:
        for number in range(80):
            writers.submit(write, (store, other)[number % 2], "a", "b", "c")
    other.close()
    assert [number for number, _ in numbered(store)] == list(range(1, 241))
    assert all(ids == list(range(1, len(ids) + 1)) for ids in seen)
    assert len(seen) > 1


def test_an_event_has_its_post_and_the_given_fields(store: Store) -> None:
    """An event has the post's id, channel and revision, and the given fields."""
    changes = Changes(1, Router())
    post: Any = POST
    changes.event("preview", post, url="https://x/", state="ready")
    (event,) = changes.events
    assert (event["channel"], event["kind"]) == ("general", "preview")
    assert event["data"] == (
        '{"post":"p","channel":"general","revision":1,"url":"https://x/","state":"ready"}'
    )
