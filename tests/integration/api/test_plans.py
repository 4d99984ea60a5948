"""No statement of the service reads a whole table of posts, tasks, events, links or previews.

PostgreSQL may plan a prepared statement once for all values of its parameters. A partial index fits
such a plan only if the statement has the index's condition without a parameter.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from splitflap_api.contract.models import PostQuery
from splitflap_api.contract.webhooks.models import DeliveryQuery, WebhookInput
from splitflap_api.domain.access.channels import ALL, Channels
from splitflap_api.domain.fair.kind_states import read_states
from splitflap_api.domain.operator.status import read_work
from splitflap_api.domain.posts import pages
from splitflap_api.domain.webhooks.backlog import KEPT
from splitflap_api.overload.account_backlogs import AccountBacklogs
from splitflap_api.overload.backlog import Backlog, Limits
from splitflap_api.store import schema
from splitflap_api.store.embedded import DATABASE_FILE
from sqlalchemy import Engine, event

from tests.unit.api.rig import Rig, by, failed, outcome_of

from .conftest import MakeRig
from .webhooks import Hooks

#: The tables that grow with the number of accepted posts.
GROWING = ("posts", "tasks", "events", "post_links", "previews", "deliveries")

#: Lists of posts.
_QUERIES = (
    PostQuery(),
    PostQuery("general"),
    PostQuery(author="me"),
    PostQuery("general", author="me"),
    PostQuery(parent="p"),
    PostQuery("general", parent="p", order="oldest"),
)

#: Statements that have a plan.
_PLANNED = ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")


def test_no_statement_reads_a_whole_table(
    make_rig: MakeRig, database_url: str | None, tmp_path: Path
) -> None:
    """The statements are those of posts, lists, streams and all loops."""
    rig = make_rig()
    with _statements() as statements:
        _use(rig)
    assert len(statements) > 20
    with _planner(database_url, tmp_path) as plan:
        plans = {statement: plan(statement) for statement in statements}
    bad = [f"{statement}\n{found}" for statement, found in plans.items() if _reads_all(found)]
    assert not bad, "\n\n".join(bad)


def _use(rig: Rig) -> None:
    """Use the service: accept, end, read, edit, cancel, delete, and run the loops."""
    first, second, third = (rig.post(key=key) for key in ("a", "b", "c"))
    for scrape in rig.rendered(rig.job(first), "https://a.example/", "https://b.example/"):
        rig.scraped(scrape)
    rig.apply(outcome_of(rig.job(second), failed()))
    rig.cancel(third.id)
    post_id = rig.task(first)["subject"]
    rig.edit(post_id, "other")
    rig.delete_post(post_id)
    rig.post(key="a")
    rig.acceptor.get(by(), first.id)
    with rig.store.read() as tx:
        read_work(tx, rig.store.now(tx))
    for query in _QUERIES:
        for channels in (ALL, Channels.of(["general", "team-*"])):
            pages.page(rig.store, query, channels, None, 1000, rig.urls)
            pages.page(rig.store, query, channels, post_id, 1000, rig.urls)
    rig.feed.gap(1)
    list(rig.feed.since(0, ALL, 5))
    list(rig.feed.since(0, Channels.of(["general"]), 5))
    rig.reconcile()
    accounts = AccountBacklogs()
    with rig.store.read() as tx:
        states = read_states(tx, rig.store.now(tx))
    Backlog(rig.store, Limits(1, 1), lambda: 0.0, lambda: True, lambda: states, accounts).run_once()
    _use_webhooks(Hooks(rig))


def _use_webhooks(hooks: Hooks) -> None:
    """Tell a webhook, let tries fail, be lost and succeed, forget, list and replay deliveries."""
    hook = hooks.create(events=["preview", "task.done"])
    hooks.rig.change(schema.webhooks, sequence=KEPT, failing_since=1)
    hooks.finished(hook, count=3)
    hooks.transactions.look()
    one, other, _ = hooks.told()
    hooks.end(one)
    hooks.end(other, status=410)
    hooks.do("change", hook.id, WebhookInput(hook.url))
    hooks.pass_time()
    hooks.claim()
    hooks.transactions.give_back([other["id"]])
    hooks.transactions.due()
    hooks.do("replay", hook.id, None, 100)
    hooks.do("page", None, 10)
    hooks.do("deliveries", hook.id, DeliveryQuery(state="dead"), None)
    hooks.do("delete", hook.id)


@contextmanager
def _statements() -> Iterator[set[str]]:
    """The statements that engines run in this block."""
    found: set[str] = set()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().startswith(_PLANNED):
            found.add(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def _planner(url: str | None, folder: Path) -> Iterator[Callable[[str], str]]:
    """Gives the plan of a statement, for any parameters."""
    if url is None:
        database = sqlite3.connect(folder / DATABASE_FILE)
        yield lambda statement: _plan_of_sqlite(database, statement)
        database.close()
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        # The tables are small, so reading all of one would be the best plan.
        connection.execute("SET enable_seqscan = off")
        yield lambda statement: _plan_of_postgresql(connection, statement)


def _plan_of_sqlite(database: sqlite3.Connection, statement: str) -> str:
    names = re.findall(r":(\w+)", statement)
    values: Any = dict.fromkeys(names, "[]") if names else (None,) * statement.count("?")
    rows = database.execute(f"EXPLAIN QUERY PLAN {statement}", values)
    return "\n".join(row[3] for row in rows)


def _plan_of_postgresql(connection: psycopg.Connection[Any], statement: str) -> str:
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    for number, name in enumerate(names, 1):
        statement = statement.replace(f"%({name})s", f"${number}")
    statement = statement.replace("%%", "%")
    connection.execute(f"PREPARE it AS {statement}".encode())
    values = f"({', '.join(['NULL'] * len(names))})" if names else ""
    rows = connection.execute(f"EXPLAIN EXECUTE it{values}".encode()).fetchall()
    connection.execute("DEALLOCATE it")
    return "\n".join(row[0] for row in rows)


def _reads_all(plan: str) -> bool:
    of_postgresql = rf"Seq Scan on ({'|'.join(GROWING)})\b"
    of_sqlite = rf"^SCAN ({'|'.join(GROWING)})$"
    return bool(re.search(f"{of_postgresql}|{of_sqlite}", plan, re.MULTILINE))
