"""Deliveries to webhooks: told once a task has ended, tried until they arrive, fair to all."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from splitflap_api.contract.models import KeyInput
from splitflap_api.contract.problems import Problem
from splitflap_api.contract.webhooks.models import MOST_WEBHOOKS, WebhookInput
from splitflap_api.domain.webhooks.deliveries import DELAYS, IN_FLIGHT
from splitflap_api.domain.webhooks.endpoints import Endpoints
from splitflap_api.domain.webhooks.signing import signatures
from splitflap_api.loops.webhooks.webhooks import request_of
from splitflap_api.store import schema
from splitflap_core.topology import DELIVER_TTL_MS
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_scraper.process.settings import ScraperSettings
from sqlalchemy import select, update

from tests.unit.api.rig import HOUR, Rig, failed, outcome_of

from .conftest import MakeRig
from .webhooks import PACE, URL, Hooks, body


@pytest.fixture
def hooks(rig: Rig) -> Hooks:
    """The webhooks of a key."""
    return Hooks(rig)


def test_the_row_of_an_ended_task_is_told_in_a_transaction_of_its_own(hooks: Hooks) -> None:
    """So no ending is slower, and a kill between both loses nothing."""
    hook = hooks.create()
    [state] = hooks.finished(hook)
    assert hooks.rows() == []
    assert hooks.rig.task(state)["webhook_ids"] == hook.id
    [row] = hooks.told()
    assert hooks.rig.task(state)["webhook_ids"] is None
    told = body(row)
    assert (told["type"], told["webhook"], told["sequence"]) == ("task.done", hook.id, 1)
    assert told["data"]["response"] == hooks.rig.body(state)
    assert told["data"] | {"response": None} == {
        "task": state.id,
        "account": "me",
        "url": f"/v1/tasks/{state.id}",
        "status": 201,
        "response": None,
    }
    assert hooks.transactions.tell() == 0, "it is told once"


def test_a_running_or_cancelled_task_is_not_told(hooks: Hooks) -> None:
    """Who cancels knows."""
    hook = hooks.create()
    hooks.post(hook)
    cancelled = hooks.post(hook)
    hooks.rig.cancel(cancelled.id)
    assert hooks.told() == []
    assert not hooks.transactions.look().tell


def test_a_failed_task_is_another_event(hooks: Hooks) -> None:
    """A webhook chooses its events."""
    both, only_done = hooks.create(), hooks.create(events=["task.done"])
    state = hooks.post(both, only_done)
    hooks.rig.apply(outcome_of(hooks.rig.job(state), failed("refused")))
    [row] = hooks.told()
    assert (row["webhook_id"], row["event"]) == (both.id, "task.failed")
    assert body(row)["data"]["response"]["status"] == 422


def test_the_end_of_a_preview_is_told(hooks: Hooks) -> None:
    """If a webhook wants it. It comes in addition to the end of the task."""
    wants = hooks.create(events=["preview", "task.done"])
    does_not = hooks.create()
    state = hooks.post(wants, does_not, text="https://a.example/")
    [scrape] = hooks.rig.rendered(hooks.rig.job(state), "https://a.example/")
    assert hooks.told() == []
    hooks.rig.scraped(scrape)
    rows = hooks.told()
    assert {(row["webhook_id"], row["event"]) for row in rows} == {
        (wants.id, "preview"),
        (wants.id, "task.done"),
        (does_not.id, "task.done"),
    }
    [preview] = [body(row) for row in rows if row["event"] == "preview"]
    assert preview["data"] == {
        "task": state.id,
        "post": hooks.rig.row("posts")["id"],
        "channel": "general",
        "revision": 1,
        "url": "https://a.example/",
        "state": "ready",
    }


def test_a_large_final_response_is_a_url(hooks: Hooks) -> None:
    """More than 16 KiB are not in the body."""
    hook = hooks.create()
    state = hooks.post(hook)
    hooks.rig.rendered(hooks.rig.job(state), html=f"<p>{'x' * 17_000}</p>")
    [row] = hooks.told()
    told = body(row)["data"]
    assert (told["response"], told["url"]) == (None, f"/v1/tasks/{state.id}")


def test_all_tries_have_one_id_one_number_and_one_body(hooks: Hooks) -> None:
    """Only the time and its signature differ."""
    hook = hooks.create()
    hooks.finished(hook)
    [first] = hooks.told()
    hooks.end(first, status=500)
    hooks.pass_time()
    [second] = hooks.claim()
    assert (first["attempt"], second["attempt"]) == (1, 2)
    one, other = request_of(first, 1000), request_of(second, 2000)
    assert (one.id, one.body) == (other.id, other.body)
    assert one.signatures != other.signatures
    assert one.signatures == signatures([hook.secret], one.id, 1000, one.body)


def test_each_webhook_counts_its_own_deliveries(hooks: Hooks) -> None:
    """From 1, without gaps."""
    one, other = hooks.create(), hooks.create()
    hooks.finished(one, count=3)
    hooks.finished(one, other)
    hooks.tell()
    of = {hook.id: hooks.rows(webhook_id=hook.id) for hook in (one, other)}
    assert sorted(row["sequence"] for row in of[one.id]) == [1, 2, 3, 4]
    assert [row["sequence"] for row in of[other.id]] == [1]


def test_a_rotated_secret_signs_beside_the_new_one_for_a_day(hooks: Hooks) -> None:
    """Then the new one signs alone."""
    hook = hooks.create()
    rotated = hooks.do("rotate", hook.id)
    assert rotated.secret != hook.secret
    hooks.finished(hook, count=2)
    [first, _] = hooks.told()
    assert first["secrets"] == [rotated.secret, hook.secret]
    assert len(request_of(first, 1).signatures.split()) == 2
    hooks.rig.change(schema.webhooks, old_secret_until=1)
    hooks.pass_time()
    hooks.end(first, status=500)
    hooks.pass_time()
    assert all(row["secrets"] == [rotated.secret] for row in hooks.claim())


# -- tries and their ends --------------------------------------------------------------------------


def test_a_delivery_ends_with_the_first_success_and_expires_a_day_later(hooks: Hooks) -> None:
    """A later outcome of another try changes nothing."""
    hooks.finished(hooks.create())
    [row] = hooks.told()
    assert hooks.end(row) == {"done": [row["id"]]}
    [done] = hooks.rows()
    assert (done["state"], done["status"], done["due_at"], done["leased_until"]) == (
        *("done", 204),
        *(None, None),
    )
    assert hooks.end(row, status=500) == {}
    assert hooks.rows() == [done]
    assert done["expires_at"] - done["created_at"] == pytest.approx(86_400_000, abs=60_000)
    hooks.rig.change(schema.deliveries, expires_at=1)
    hooks.rig.reconcile()
    assert hooks.rows() == []


def test_a_try_without_an_outcome_is_a_failed_one(hooks: Hooks) -> None:
    """The message or its scraper was lost. It may have arrived, so the id stays."""
    hooks.finished(hooks.create())
    [row] = hooks.told()
    assert hooks.claim() == [], "its lease holds"
    hooks.pass_time()
    assert hooks.claim() == []
    [lost] = hooks.rows()
    assert (lost["attempt"], lost["reason"]) == (2, "lost")
    hooks.pass_time()
    [again] = hooks.claim()
    assert again["id"] == row["id"]
    assert hooks.end(row, status=500) == {"dropped": [row["id"]]}
    assert hooks.end(row) == {"done": [row["id"]]}, "the first message has arrived after all"


def test_a_message_that_the_broker_refuses_is_no_try(hooks: Hooks) -> None:
    """The delivery is due again at once."""
    hooks.finished(hooks.create())
    [row] = hooks.told()
    hooks.transactions.give_back([row["id"]])
    [again] = hooks.claim()
    assert (again["id"], again["attempt"]) == (row["id"], 1)


def test_a_busy_host_is_no_try(hooks: Hooks) -> None:
    """The scraper has not asked the receiver."""
    hook = hooks.create()
    hooks.finished(hook)
    [row] = hooks.told()
    assert hooks.end(row, status=None, reason="busy", after=30.0) == {"waited": [row["id"]]}
    [waiting] = hooks.rows()
    assert waiting["attempt"] == 1
    assert hooks.do("show", hook.id).failures == 0


@pytest.mark.parametrize("status", [199, 302, 400, 404, 429, 500, 503])
def test_every_other_answer_is_a_failed_try(hooks: Hooks, status: int) -> None:
    """A redirect too: its target is not asked."""
    hooks.finished(hooks.create())
    [row] = hooks.told()
    assert hooks.end(row, status=status) == {"retried": [row["id"]]}
    assert hooks.rows()[0]["status"] == status


def test_the_tries_last_a_day_and_then_the_delivery_is_dead(hooks: Hooks) -> None:
    """It is listed, and replayed with the same id."""
    hook = hooks.create()
    hooks.finished(hook)
    hooks.tell()
    assert 20 <= PACE.backoff * sum(DELAYS) / 3600 <= 28
    waits = []
    for _ in range(len(DELAYS)):
        [row] = hooks.claim()
        hooks.end(row, status=500)
        with hooks.rig.store.read() as tx:
            now = hooks.rig.store.now(tx)
        waits.append((hooks.rows()[0]["due_at"] - now) / 1000)
        hooks.pass_time()
    for given, wait in zip(DELAYS, waits, strict=True):
        assert 0.7 * given <= wait / PACE.backoff <= 1.3 * given
    [last] = hooks.claim()
    assert hooks.end(last, status=500) == {"dead": [last["id"]]}
    [dead] = hooks.rows()
    assert (dead["state"], dead["attempt"], dead["due_at"]) == ("dead", len(DELAYS) + 1, None)
    assert hooks.do("replay", hook.id, None, 100) == 1
    [again] = hooks.claim()
    assert (again["id"], again["attempt"]) == (dead["id"], 1)
    assert hooks.end(again) == {"done": [dead["id"]]}


def test_a_retry_after_of_the_receiver_is_heeded(hooks: Hooks) -> None:
    """Up to three hours."""
    hooks.finished(hooks.create(), count=2)
    one, other = hooks.told()
    with hooks.rig.store.read() as tx:
        now = hooks.rig.store.now(tx)
    hooks.end(one, status=503, after=600.0)
    hooks.end(other, status=503, after=86_000.0)
    waits = [(row["due_at"] - now) / 1000 for row in hooks.rows()]
    assert sorted(waits) == pytest.approx([600, 10_800], abs=30)


def test_410_disables_the_webhook_and_keeps_what_waits(hooks: Hooks) -> None:
    """Its owner may enable it again."""
    hook = hooks.create()
    hooks.finished(hook, count=2)
    hooks.tell()
    one, other = hooks.claim()
    hooks.end(one, status=410)
    shown = hooks.do("show", hook.id)
    assert (shown.disabled_by, hooks.rows(state="dead")[0]["id"]) == ("gone", one["id"])
    hooks.end(other, status=500)
    hooks.pass_time()
    hooks.finished(hook)
    hooks.tell()
    assert hooks.claim() == []
    assert len(hooks.rows()) == 2, "it is told nothing new"
    hooks.do("change", hook.id, WebhookInput(hook.url))
    assert [row["id"] for row in hooks.claim()] == [other["id"]]


def test_a_key_has_a_limited_number_of_webhooks(hooks: Hooks) -> None:
    """Also if two are created at a time."""
    for _ in range(MOST_WEBHOOKS - 1):
        hooks.create()
    with ThreadPoolExecutor() as pool:
        with hooks.rig.store.write() as tx:
            endpoints = Endpoints(tx, hooks.key_id, hooks.rig.store.now(tx), PUBLIC_ONLY)
            endpoints.create(WebhookInput(URL))
            other = pool.submit(hooks.create)
            with suppress(TimeoutError):
                other.result(0.3)
        with pytest.raises(Problem, match="delete one first"):
            other.result()


@pytest.mark.parametrize("changed", [{"url": f"{URL}/new"}, {"disabled": False}])
def test_the_tries_before_a_change_disable_no_webhook(hooks: Hooks, changed: Any) -> None:
    """They went to a receiver that its owner has replaced. A change of events leaves them."""
    hook = hooks.create()
    hooks.finished(hook, count=2)
    first, second = hooks.told()
    hooks.do("change", hook.id, WebhookInput(hook.url, events=["task.done"]))
    assert hooks.claim() == []
    if "disabled" in changed:
        hooks.end(first, status=410)
    hooks.do("change", hook.id, WebhookInput(**{"url": hook.url} | changed))
    again = {row["id"]: row for row in hooks.claim()}
    assert again[second["id"]]["url"] == changed.get("url", hook.url)
    hooks.end(second, status=410)
    assert hooks.do("show", hook.id).disabled_at is None
    hooks.end(again[second["id"]])
    assert hooks.rows(id=second["id"])[0]["state"] == "done"


def test_the_webhooks_of_a_revoked_key_are_told_nothing(hooks: Hooks) -> None:
    """Neither what has ended since, nor what waits."""
    hooks.finished(hooks.create())
    hooks.tell()
    hooks.finished(hooks.create())
    hooks.rig.change(schema.keys, revoked_at=1)
    hooks.tell()
    assert hooks.claim() == []
    assert len(hooks.rows()) == 1


def test_the_webhooks_of_a_revoked_key_are_deleted_with_their_secrets(
    hooks: Hooks, make_rig: MakeRig
) -> None:
    """Another replica that still takes the key creates no more, and those of other keys stay."""
    hooks.finished(hooks.create())
    [row] = hooks.told()
    other = Hooks(make_rig())
    other.key_id = other.keyring.create(KeyInput(account="ann", scopes=["write"])).id
    kept = other.create()
    hooks.keyring.revoke(hooks.key_id, force=True)
    assert [each["id"] for each in hooks.rig.rows("webhooks")] == [kept.id]
    with pytest.raises(Problem, match="revoked"):
        hooks.create()
    hooks.end(row, status=500)
    hooks.pass_time()
    assert hooks.claim() == []
    assert not hooks.transactions.look().send


def test_a_deleted_webhook_takes_its_deliveries_along(hooks: Hooks) -> None:
    """Also one that is not numbered yet."""
    hook = hooks.create()
    hooks.finished(hook)
    hooks.tell()
    hooks.finished(hook)
    hooks.transactions.tell()
    hooks.do("delete", hook.id)
    hooks.finished(hook)
    hooks.tell()
    assert hooks.rows() == []


def test_a_clock_that_was_set_back_delays_no_try(hooks: Hooks) -> None:
    """Neither a waiting one nor the end of a lease. Later tries may still wait for hours."""
    hooks.finished(hooks.create(), count=3)
    leased, waiting, late = hooks.told()
    hooks.end(waiting, late, status=500)
    table = schema.deliveries
    with hooks.rig.store.write() as tx:
        tx.execute(update(table).values(due_at=table.c.due_at + HOUR))
        tx.execute(update(table).where(table.c.id == late["id"]).values(attempt=8))
        tx.execute(update(table).where(table.c.id == leased["id"]).values(leased_until=2**45))
    hooks.transactions.limit_times()
    with hooks.rig.store.read() as tx:
        now = hooks.rig.store.now(tx)
    due = {row["id"]: row["due_at"] <= now for row in hooks.rows()}
    assert due == {leased["id"]: True, waiting["id"]: True, late["id"]: False}


# -- fairness --------------------------------------------------------------------------------------


def test_one_webhook_has_few_tries_under_way(hooks: Hooks) -> None:
    """Also over several claims, and only one while it fails."""
    hook = hooks.create()
    hooks.finished(hook, count=IN_FLIGHT + 3)
    rows = hooks.told()
    assert len(rows) == IN_FLIGHT
    assert hooks.claim() == []
    hooks.end(rows[0])
    assert len(hooks.claim()) == 1
    hooks.end(rows[1], status=500)
    assert hooks.claim() == []
    hooks.pass_time()
    assert len(hooks.claim()) == 1, "the others are lost, and it fails"


def test_a_slow_receiver_delays_nobody_else(hooks: Hooks) -> None:
    """Its tries are under way, and all others get theirs."""
    slow = hooks.create()
    others = [hooks.create() for _ in range(3)]
    hooks.finished(slow, count=50)
    hooks.told()
    hooks.finished(*others)
    rows = hooks.told()
    assert {row["webhook_id"] for row in rows} == {each.id for each in others}


def test_webhooks_take_turns_when_there_is_little_room(hooks: Hooks) -> None:
    """Nobody is served twice before everybody was served once."""
    made = [hooks.create() for _ in range(4)]
    hooks.finished(*made, count=2)
    hooks.tell()
    served: list[str] = []
    while rows := hooks.claim(room=1) or hooks.claim(room=1):
        served += [row["webhook_id"] for row in rows]
        hooks.end(*rows)
    assert len(served) == 8
    assert set(served[:4]) == set(served[4:]) == {each.id for each in made}


def test_two_replicas_lease_a_delivery_once(hooks: Hooks, make_rig: MakeRig) -> None:
    """The second one finds nothing due."""
    other = Hooks(make_rig())
    hooks.finished(hooks.create(), count=3)
    hooks.tell()
    assert len(hooks.claim()) == 3
    assert other.claim() == []


# -- a rolling upgrade -----------------------------------------------------------------------------


def test_a_task_that_an_older_replica_ends_is_told(hooks: Hooks) -> None:
    """It writes the final response, and knows neither the column nor the table."""
    hook = hooks.create()
    [state] = hooks.finished(hook)
    with hooks.rig.store.read() as tx:
        ended = tx.execute(select(schema.tasks.c.webhook_ids)).scalar_one()
    assert ended == hook.id, "its update names other columns alone"
    assert [row["task_id"] for row in hooks.told()] == [state.id]


def test_the_lease_outlives_the_message_and_its_try() -> None:
    """Otherwise usual tries would overlap."""
    assert DELIVER_TTL_MS / 1000 + ScraperSettings().webhook_timeout < PACE.lease
