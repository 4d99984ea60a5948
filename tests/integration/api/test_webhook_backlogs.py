"""What waits for a dead or slow receiver is bounded, seen by its owner, and delays nobody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from splitflap_api.contract.webhooks.models import WebhookInput
from splitflap_api.domain.webhooks import backlog
from splitflap_api.domain.webhooks import deliveries as rows
from splitflap_api.store import schema
from sqlalchemy import Connection, text

from tests.unit.api.rig import HOUR, Rig

from .webhooks import PACE, Hooks


@pytest.fixture
def hooks(rig: Rig) -> Hooks:
    """The webhooks of a key."""
    return Hooks(rig)


def test_the_newest_deliveries_of_a_webhook_are_kept(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of older ones, the owner sees how many have not arrived. Another webhook keeps its own."""
    monkeypatch.setattr(backlog, "KEPT", 3)
    hook, other = hooks.create(), hooks.create()
    hooks.finished(hook, other)
    hooks.end(*hooks.told())
    hooks.finished(hook, count=4)
    hooks.tell()
    kept = hooks.rows(webhook_id=hook.id)
    assert sorted(row["sequence"] for row in kept) == [3, 4, 5]
    shown = hooks.do("show", hook.id)
    assert (shown.waiting, shown.dropped) == (3, 1), "the first one had arrived"
    assert len(hooks.rows(webhook_id=other.id)) == 1
    assert hooks.do("show", other.id).dropped == 0


def test_a_try_under_way_is_not_forgotten(hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end decides. It is forgotten later."""
    monkeypatch.setattr(backlog, "KEPT", 1)
    hook = hooks.create()
    hooks.finished(hook)
    [row] = hooks.told()
    hooks.finished(hook)
    hooks.tell()
    assert hooks.end(row) == {"done": [row["id"]]}
    hooks.finished(hook)
    hooks.tell()
    assert [each["sequence"] for each in hooks.rows()] == [3]
    assert hooks.do("show", hook.id).dropped == 1


def test_a_webhook_that_is_behind_gets_urls_instead_of_responses(
    hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that keeps up gets both."""
    monkeypatch.setattr(backlog, "BEHIND", 2)
    behind = hooks.create()
    hooks.finished(behind, count=3)
    hooks.tell()
    up_to_date = hooks.create()
    hooks.finished(behind, up_to_date)
    hooks.tell()
    [last] = [row for row in hooks.rows(webhook_id=behind.id) if row["sequence"] == 4]
    [only] = hooks.rows(webhook_id=up_to_date.id)
    short, whole = (msgspec.json.decode(row["data"]) for row in (last, only))
    assert (short["status"], short["response"]) == (201, None)
    assert whole["response"]["kind"] == "post"


def test_a_webhook_that_fails_for_days_is_disabled(hooks: Hooks) -> None:
    """What waits is kept. Its owner enables it, and has five days again."""
    hook = hooks.create()
    hooks.finished(hook, count=3)
    told = hooks.told()
    hooks.end(told[0], status=500)
    since = hooks.do("show", hook.id).failing_since
    assert since is not None
    hooks.rig.change(schema.webhooks, failing_since=1)
    hooks.end(told[1], status=500)
    assert hooks.do("show", hook.id).disabled_by is None, "a new event has had one try"
    hooks.rig.change(schema.deliveries, created_at=1)
    hooks.end(told[2], status=500)
    shown = hooks.do("show", hook.id)
    assert (shown.disabled_by, shown.waiting) == ("failing", 3)
    hooks.pass_time()
    assert hooks.claim() == []
    hooks.do("change", hook.id, WebhookInput(hook.url))
    hooks.pass_time()
    [again] = hooks.claim()
    hooks.end(again, status=500)
    shown = hooks.do("show", hook.id)
    assert (shown.disabled_by, shown.failing_since is None) == (None, False)
    hooks.do("change", hook.id, WebhookInput("https://other.example/hook"))
    assert hooks.do("show", hook.id).failing_since is None, "it is another receiver"


def test_a_webhook_at_which_anything_arrives_is_not_failing(hooks: Hooks) -> None:
    """Also if another try fails at the same moment."""
    hook = hooks.create()
    hooks.finished(hook, count=4)
    told = hooks.told()
    hooks.end(told[0], status=500)
    hooks.rig.change(schema.webhooks, failing_since=1)
    hooks.rig.change(schema.deliveries, created_at=1)
    hooks.end_together((told[1], 204), (told[2], 500))
    shown = hooks.do("show", hook.id)
    assert (shown.disabled_by, shown.failures) == (None, 1)
    hooks.end(told[3])
    shown = hooks.do("show", hook.id)
    assert (shown.failures, shown.failing_since) == (0, None)


def test_the_backlog_of_a_dead_receiver_delays_nobody_else(hooks: Hooks) -> None:
    """Each round serves all others, whatever is due for the dead one."""
    dead = hooks.create()
    hooks.finished(dead, count=40)
    hooks.end(*hooks.told(), status=500)
    hooks.pass_time()
    others = [hooks.create() for _ in range(3)]
    for _ in range(5):
        hooks.finished(*others)
        turn = hooks.told()
        assert {row["webhook_id"] for row in turn} >= {each.id for each in others}
        hooks.end(*(row for row in turn if row["webhook_id"] != dead.id))
        hooks.end(*(row for row in turn if row["webhook_id"] == dead.id), status=500)


def test_what_waits_for_a_disabled_webhook_is_no_work(hooks: Hooks) -> None:
    """Otherwise each iteration of each replica would look for it, for 30 days."""
    hook = hooks.create()
    hooks.finished(hook, count=rows.IN_FLIGHT)
    hooks.tell()
    assert hooks.transactions.look().send
    assert hooks.transactions.due() == rows.IN_FLIGHT
    hooks.do("change", hook.id, WebhookInput(hook.url, disabled=True))
    assert not hooks.transactions.look().send
    assert hooks.transactions.due() == 0


@pytest.mark.servers
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_backlog_is_not_read_to_serve_others(hooks: Hooks) -> None:
    """PostgreSQL finds the few rows of a turn, with statistics about 50,000 waiting ones."""
    dead, other, disabled = (hooks.create() for _ in range(3))
    for hook in (dead, disabled):
        _wait(hooks, hook, 25_000)
    hooks.do("change", disabled.id, WebhookInput(disabled.url, disabled=True))
    hooks.finished(other)
    hooks.tell()
    with hooks.rig.store.write() as tx:
        tx.execute(text("ANALYZE deliveries"))
    with _few_reads(hooks, 50) as (tx, now):
        claimed, _ = rows.claim(tx, now, 100, "", PACE)
        assert {row["webhook_id"] for row in claimed} == {dead.id, other.id}
    with _few_reads(hooks, 150) as (tx, now):
        assert rows.count_due(tx, now, 100) == 100
    with _few_reads(hooks, 2 * backlog.BEHIND) as (tx, _):
        assert rows.wanting(tx, [dead.id, other.id])[dead.id].is_behind


@contextmanager
def _few_reads(hooks: Hooks, most: int) -> Iterator[tuple[Connection, int]]:
    """A transaction that reads fewer than `most` deliveries, and its time."""
    read = text(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE relname = 'deliveries'"
    )
    with hooks.rig.store.write() as tx:
        # The figure is of all transactions of this connection that PostgreSQL has not added up.
        before = tx.execute(read).scalar() or 0
        yield tx, hooks.rig.store.now(tx)
        assert (tx.execute(read).scalar() or 0) - before < most


def _wait(hooks: Hooks, hook: Any, count: int) -> None:
    """Insert due deliveries of a webhook."""
    with hooks.rig.store.write() as tx:
        made = text(
            "INSERT INTO deliveries (id, webhook_id, sequence, event, data, state, attempt, due_at,"
            " created_at, expires_at) SELECT gen_random_uuid(), :hook, n, 'task.done', '{}',"
            " 'waiting', 1, 1000 + n, 1, :later FROM generate_series(1, :count) n"
        )
        later = hooks.rig.store.now(tx) + HOUR
        tx.execute(made, {"hook": hook.id, "count": count, "later": later})
