"""Dead letters: which there are, and how an operator finds, replays and drops them."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from splitflap_api.contract.dead_letter_models import DeadLetter, DeadLetterFilter, DeadLetterQuery
from splitflap_api.contract.problems import Problem, unavailable
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_api.store import schema
from splitflap_api.transactions import dead_letters as batches
from splitflap_api.transactions.dead_letters import DeadLetterBatches
from splitflap_api.transactions.replay import Replayer
from splitflap_core.kinds import MAX_ATTEMPTS
from sqlalchemy import insert, update
from sqlalchemy.exc import OperationalError
from uuid_utils import uuid7

from asyncrequest import TaskState
from tests.unit.api.rig import Rig, failed, outcome_of, retry

#: Milliseconds.
MINUTE = 60_000


def fail(rig: Rig, task: TaskState, reason: str = "broken") -> None:
    """End the render of a task as failed."""
    rig.apply(outcome_of(rig.job(task), failed(reason)))


def found(rig: Rig, **filters: Any) -> list[DeadLetter]:
    """All dead letters that match, read page by page as a client does."""
    query = DeadLetterQuery(**{"limit": 2, **filters})
    letters: list[DeadLetter] = []
    after = None
    with rig.store.read() as tx:
        while True:
            page = dead_letters.page(tx, query, after, rig.store.now(tx))
            letters += page.letters
            after = page.examined
            if after is None:
                return letters


def reasons(rig: Rig, **filters: Any) -> list[str]:
    """The reasons of the dead letters that match, newest first."""
    return [letter.reason for letter in found(rig, **filters)]


@pytest.fixture
def work(rig: Rig) -> DeadLetterBatches:
    """Replays and drops. The link is for messages only, which these tests do not replay."""
    replayer = Replayer(rig.store, None, rig, rig.router)  # type: ignore[arg-type]
    return DeadLetterBatches(rig.store, replayer, lambda: 0.0)


def test_a_refused_text_is_no_dead_letter(rig: Rig) -> None:
    """Its client has the final response, with the construct. An operator can repair nothing."""
    post, render = rig.post(), rig.accept(RenderText("text"))
    for task in (post, render):
        fail(rig, task, "refused")
        assert rig.body(task)["reason"] == "refused"
        assert rig.task(task)["status"] == 422
    assert rig.row("posts")["state"] == "failed"
    assert rig.rows("dead_letters") == []


@pytest.mark.parametrize("reason", ["deadline", "crashed", "broken"])
def test_a_text_that_failed_otherwise_is_a_dead_letter(rig: Rig, reason: str) -> None:
    """Limits, memory and faults of the renderer are the operator's. Each has its account."""
    for task in (rig.post(account="ann"), rig.accept(RenderText("x"), "bob")):
        fail(rig, task, reason)
    assert [(each.reason, each.account) for each in found(rig)] == [
        (reason, "bob"),
        (reason, "ann"),
    ]


def test_dead_letters_are_filtered(rig: Rig) -> None:
    """By reason, kind, account, age and replay. All given filters must match."""
    for account, reason in (("ann", "broken"), ("bob", "crashed"), ("ANN", "broken")):
        fail(rig, rig.post(account=account), reason)
    with rig.store.write() as tx:
        dead_letters.insert_message(tx, "results", "version 9", b"{}", rig.store.now(tx))
    assert reasons(rig) == ["version 9", "broken", "crashed", "broken"]
    assert reasons(rig, reason="broken") == ["broken", "broken"]
    assert reasons(rig, reason="brok") == []
    assert reasons(rig, queue="results") == ["version 9"]
    assert len(reasons(rig, queue="render")) == 3
    assert [each.account for each in found(rig, reason="broken", account="ann")] == ["ann"]
    assert reasons(rig, account="bob", reason="broken") == []


def test_dead_letters_are_filtered_by_age(rig: Rig) -> None:
    """By the database's clock. A letter of exactly the age counts as old."""
    fail(rig, rig.post(), "broken")
    created = rig.row("dead_letters")["created_at"]
    rig.change(schema.dead_letters, created_at=created - 10 * MINUTE)
    fail(rig, rig.post(), "crashed")
    assert reasons(rig, older_than=9 * 60.0) == ["broken"]
    assert reasons(rig, newer_than=9 * 60.0) == ["crashed"]
    assert reasons(rig, older_than=60.0, newer_than=11 * 60.0) == ["broken"]
    assert reasons(rig, older_than=3600.0) == []


def test_a_filter_examines_a_limited_number_of_rows(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may be empty, and the next one goes on behind the examined rows."""
    monkeypatch.setattr(dead_letters, "EXAMINED", 3)
    fail(rig, rig.post(), "rare")
    for _ in range(7):
        fail(rig, rig.post(), "common")
    with rig.store.read() as tx:
        now = rig.store.now(tx)
        page = dead_letters.page(tx, DeadLetterQuery(reason="rare"), None, now)
    assert page.letters == []
    assert page.examined is not None
    assert reasons(rig, reason="rare") == ["rare"]
    assert reasons(rig, reason="common") == ["common"] * 7
    assert len(reasons(rig)) == 8


def counted(rig: Rig, **filters: Any) -> tuple[int, bool]:
    """How many match, and whether all of them were counted."""
    query = DeadLetterFilter(**filters)
    with rig.store.read() as tx:
        now = rig.store.now(tx)
        return dead_letters.count_matching(tx, query, now, sqlite=rig.store.is_sqlite)


def test_a_count_is_the_number_of_the_letters_that_match(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With each filter, however many rows one statement examines."""
    assert counted(rig) == (0, True)
    for account, reason in (("ann", "broken"), ("bob", "crashed"), ("ann", "broken")):
        fail(rig, rig.post(account=account), reason)
    with rig.store.write() as tx:
        dead_letters.insert_message(tx, "results", "version 9", b"{}", rig.store.now(tx))
        dead_letters.mark_replayed(tx, found(rig)[0].id, 1)
    for size in (1, 2, 3, 4, 5):
        monkeypatch.setattr(dead_letters, "STEP", size)
        monkeypatch.setattr(dead_letters, "COUNT_STEP", size)
        for filters in (
            {},
            {"reason": "broken"},
            {"reason": "broken", "account": "ann"},
            {"queue": "results"},
            {"replayed": False},
            {"replayed": True},
            {"replayed": False, "reason": "crashed"},
            {"older_than": 60.0},
            {"newer_than": 60.0},
        ):
            assert counted(rig, **filters) == (len(found(rig, **filters)), True), (size, filters)


def test_a_long_count_ends_and_says_so(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number is then a lower bound."""
    monkeypatch.setattr(dead_letters, "COUNT_SECONDS", 0.0)
    fail(rig, rig.post())
    assert counted(rig) == (0, False)
    assert counted(rig, replayed=False) == (1, True)


def test_many_letters_are_replayed_by_their_ids(rig: Rig, work: DeadLetterBatches) -> None:
    """Each once. Those that cannot be replayed are named with the reason."""
    tasks = [rig.post(str(n), account="ann") for n in range(3)]
    for task in tasks:
        fail(rig, task)
    [gone, *_] = [rig.task(task)["subject"] for task in tasks]
    edited = [letter.id for letter in found(rig)]
    rig.change(schema.posts, state="failed")
    with rig.store.write() as tx:
        tx.execute(update(schema.posts).where(schema.posts.c.id == gone).values(revision=2))
    result = work.replay(edited)
    assert (result.done, result.left) == (2, [])
    assert [each.id for each in result.refused] == [edited[2]]
    assert "edited" in result.refused[0].detail
    assert reasons(rig, replayed=False) == ["broken"]
    again = work.replay(edited[:2])
    assert (again.done, len(again.refused)) == (0, 2)
    assert len(rig.rows("jobs")) == 2


def test_a_replayed_job_that_fails_again_keeps_its_account(
    rig: Rig, work: DeadLetterBatches
) -> None:
    """Its letter is a new one: no replay meets it in the same run."""
    fail(rig, rig.post(account="ann"))
    work.replay([found(rig)[0].id])
    job = rig.row("jobs")
    rig.apply(outcome_of(job, failed("broken")))
    assert [(each.account, each.replayed_at is None) for each in found(rig)] == [
        ("ann", True),
        ("ann", False),
    ]


def test_a_long_batch_gives_back_what_is_left(
    rig: Rig, work: DeadLetterBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request works for a limited time, but does at least one letter."""
    monkeypatch.setattr(batches, "SECONDS", 0.0)
    for _ in range(3):
        fail(rig, rig.post())
    ids = [letter.id for letter in found(rig)]
    result = work.replay(ids)
    assert (result.done, result.left) == (1, ids[1:])


def test_replays_wait_while_the_workers_are_behind(rig: Rig) -> None:
    """Long before clients get 503. A drop needs no worker."""
    fail(rig, rig.post())
    pressure = [0.4]
    replayer = Replayer(rig.store, None, rig, rig.router)  # type: ignore[arg-type]  # as above
    work = DeadLetterBatches(rig.store, replayer, lambda: pressure[0])
    ids = [letter.id for letter in found(rig)]
    with pytest.raises(Problem) as refused:
        work.replay(ids)
    assert refused.value.slug == "unavailable"
    assert refused.value.headers["Retry-After"] == "2"
    pressure[0] = 0.3
    assert work.replay(ids).done == 1
    pressure[0] = 0.4
    assert work.drop(ids).done == 1


def after_one(error: Exception) -> Callable[[Any, str], None]:
    """A replay that works once, then fails."""
    done: list[str] = []

    def replay(_: Any, letter_id: str) -> None:
        if done:
            raise error
        done.append(letter_id)

    return replay


@pytest.mark.parametrize(
    "error",
    [unavailable("the broker did not confirm"), OperationalError("x", {}, Exception("gone"))],
    ids=["broker", "database"],
)
def test_an_outage_in_the_middle_gives_back_what_is_left(
    work: DeadLetterBatches, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """At the beginning it is the answer, so that the client waits."""
    monkeypatch.setattr(Replayer, "replay", after_one(error))
    result = work.replay(["a", "b", "c"])
    assert (result.done, result.left) == (1, ["b", "c"])
    with pytest.raises(type(error)):
        work.replay(["b", "c"])


def test_dropped_letters_leave_posts_and_final_responses(rig: Rig, work: DeadLetterBatches) -> None:
    """Only the letters are gone. A second drop names those that it does not find."""
    task = rig.post()
    fail(rig, task)
    before = rig.final(task)
    [letter] = found(rig)
    missing = str(uuid7())
    result = work.drop([letter.id, missing])
    assert (result.done, result.left) == (1, [])
    assert [(each.id, each.detail) for each in result.refused] == [
        (missing, f"no dead letter {missing}")
    ]
    again = work.drop([letter.id])
    assert (again.done, [each.id for each in again.refused]) == (0, [letter.id])
    assert found(rig) == []
    assert rig.final(task) == before
    assert rig.row("posts")["state"] == "failed"
    with pytest.raises(Problem, match="not-found"):
        Replayer(rig.store, None, rig, rig.router).replay(letter.id)  # type: ignore[arg-type]  # as above


def test_the_preview_of_a_url_belongs_to_no_account(rig: Rig) -> None:
    """Posts of several accounts may wait for it."""
    task = rig.accept(FetchPreview("http://slow/"))
    rig.change(schema.jobs, attempt=MAX_ATTEMPTS)
    rig.apply(outcome_of(rig.job(task, "scrape"), retry()))
    assert [(each.queue, each.account) for each in found(rig)] == [("scrape", None)]


def test_a_letter_of_an_older_release_has_no_account(rig: Rig) -> None:
    """Its release did not know the column."""
    row = {
        "id": str(uuid7()),
        "queue": "render",
        "reason": "broken",
        "body": b"{}",
        "created_at": 1,
    }
    with rig.store.write() as tx:
        tx.execute(insert(schema.dead_letters), [row])
    assert msgspec.to_builtins(found(rig)[0])["account"] is None
