"""Group commit: many requests share one transaction, and each gets its own answer."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from splitflap_api.contract import models
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.access.keys import Keyring
from splitflap_api.domain.changes import NewTask
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.store import schema
from sqlalchemy.exc import SQLAlchemyError

from asyncrequest import KeyReused, TaskState
from tests.support import wait_until
from tests.unit.api.rig import Rig

from .conftest import MakeRig


class RefusedPost(CreatePost):
    """A command that refuses its own request."""

    def apply(self, tx: Any, changes: Any, task: NewTask) -> None:
        raise Problem("conflict", "not this one")


class PoisonedPost(CreatePost):
    """A command with an invalid row, which the database refuses at the end."""

    def apply(self, tx: Any, changes: Any, task: NewTask) -> None:
        super().apply(tx, changes, task)
        task.created_at = None  # type: ignore[assignment]  # on purpose


def together(rig: Rig, *calls: Callable[[], TaskState]) -> list[Future[TaskState]]:
    """Submit calls that wait for the same commit, and return their futures."""
    with ThreadPoolExecutor(len(calls)) as threads:
        futures = [threads.submit(call) for call in calls]
        # Private: a call that waits for its commit shows nowhere.
        waiting = lambda: rig.acceptor._commits.waiting == len(calls)  # noqa: E731
        wait_until(waiting, "all calls to wait", 20)
        rig.acceptor.start()
    return futures


def batches(rig: Rig) -> list[float]:
    """The number of commits of accepted requests, and of these requests."""
    [family] = rig.metrics.histogram("splitflap_commit_batch_size").collect()
    return [each.value for each in family.samples if each.name.endswith(("_count", "_sum"))]


def test_waiting_requests_share_a_commit(make_rig: MakeRig) -> None:
    """Twenty posts share a transaction. All are stored, and their jobs are published."""
    rig = make_rig(started=False)
    futures = together(rig, *[rig.post] * 20)
    ids = {future.result().id for future in futures}
    assert batches(rig) == [1, 20]
    assert {row["id"] for row in rig.rows(schema.tasks)} == ids
    assert len(rig.rows(schema.posts)) == 20
    assert {job["task_id"] for job in rig.published} == ids


def test_a_refused_request_leaves_its_batch_alone(make_rig: MakeRig) -> None:
    """Only this request gets the error. The others share their commit."""
    rig = make_rig(started=False)
    refused = RefusedPost(models.PostInput("text"))
    calls = [rig.post, lambda: rig.accept(refused), rig.post]
    first, second, third = together(rig, *calls)
    with pytest.raises(Problem, match="not this one"):
        second.result()
    assert first.result().id != third.result().id
    assert len(rig.rows(schema.posts)) == 2


def test_only_the_request_that_the_database_refuses_fails(make_rig: MakeRig) -> None:
    """The whole batch fails. Then each request is tried alone."""
    rig = make_rig(started=False)
    poisoned = PoisonedPost(models.PostInput("text"))
    calls = [rig.post, lambda: rig.accept(poisoned), rig.post]
    first, second, third = together(rig, *calls)
    with pytest.raises(SQLAlchemyError):
        second.result()
    assert first.result().id != third.result().id
    assert len(rig.rows(schema.posts)) == 2
    assert len(rig.published) == 2


def test_a_key_with_two_bodies_in_one_commit_is_refused_once(make_rig: MakeRig) -> None:
    """One body is accepted, the other refused; a third post is accepted too."""
    rig = make_rig(started=False)
    futures = together(
        rig,
        lambda: rig.post("a", key="k", fingerprint="a"),
        lambda: rig.post("b", key="k", fingerprint="b"),
        rig.post,
    )
    errors = [future.exception() for future in futures]
    assert sorted(type(error).__name__ for error in errors) == [
        "KeyReused",
        "NoneType",
        "NoneType",
    ]
    assert len(rig.rows(schema.posts)) == 2


def test_a_repeated_request_in_one_commit_makes_one_post(make_rig: MakeRig) -> None:
    """Five equal requests have one task and one post, and get five answers."""
    rig = make_rig(started=False)
    futures = together(rig, *[lambda: rig.post("a", key="k", fingerprint="a")] * 5)
    assert len({future.result().id for future in futures}) == 1
    assert len(rig.rows(schema.posts)) == 1


def test_replicas_that_race_with_one_key_share_the_task(make_rig: MakeRig) -> None:
    """The later commit gets the earlier one's task. Its other requests get their own."""
    replicas = [make_rig(), make_rig()]
    with ThreadPoolExecutor(16) as threads:
        for number in range(10):
            key = f"key-{number}"
            raced = [
                threads.submit(replicas[n % 2].post, "a", key=key, fingerprint="a")
                for n in range(8)
            ]
            others = [threads.submit(replicas[n % 2].post) for n in range(8)]
            assert len({future.result().id for future in raced}) == 1
            assert len({future.result().id for future in others}) == 8
    assert len(replicas[0].rows(schema.posts)) == 10 * 9


def test_a_key_with_another_body_is_refused_on_every_replica(make_rig: MakeRig) -> None:
    """Another replica has accepted the key."""
    one, two = make_rig(), make_rig()
    one.post("a", key="k", fingerprint="a")
    with pytest.raises(KeyReused):
        two.post("b", key="k", fingerprint="b")


def test_racing_admins_leave_one_admin_key(make_rig: MakeRig) -> None:
    """Two replicas revoke the last two keys with the scope admin: one of them is refused."""
    rings = [Keyring(make_rig().store) for _ in range(2)]
    for _ in range(10):
        made = [
            rings[0].create(models.KeyInput(account="ann", scopes=["admin"])).id for _ in range(2)
        ]
        barrier = threading.Barrier(2)

        def revoke(
            ring: Keyring, key_id: str, barrier: threading.Barrier = barrier
        ) -> BaseException | None:
            barrier.wait(20)
            try:
                ring.revoke(key_id)
            except Problem as error:
                return error
            return None

        with ThreadPoolExecutor(2) as threads:
            refused = list(threads.map(revoke, rings, made))
        assert [type(each) for each in refused if each] == [Problem]
        rings[0].revoke(made[refused.index(None) - 1], force=True)
