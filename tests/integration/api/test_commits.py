"""Group commit: many requests, one transaction, and each its own answer."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from splitflap_api.contract import models
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.posts import CreatePost
from splitflap_api.store import schema
from sqlalchemy.exc import SQLAlchemyError

from asyncrequest import KeyReused, TaskState
from tests.support import wait_until

from .conftest import MakeReplica
from .replica import Replica


class Refused(CreatePost):
    """A plan that its own check refuses."""

    def apply(self, tx: Any, changes: Any, task: Any) -> None:
        raise Problem("conflict", "not this one")


class Poisoned(CreatePost):
    """A plan whose row the database refuses, only when all rows are written."""

    def apply(self, tx: Any, changes: Any, task: Any) -> None:
        super().apply(tx, changes, task)
        task["created_at"] = None


def together(replica: Replica, *calls: Callable[[], TaskState]) -> list[Future[TaskState]]:
    """Let calls wait for the same commit; their answers."""
    with ThreadPoolExecutor(len(calls)) as threads:
        futures = [threads.submit(call) for call in calls]
        waiting = replica.acceptor._commits._waiting
        wait_until(lambda: len(waiting) == len(calls), "all calls to wait", 20)
        replica.acceptor.start()
    return futures


def batches(replica: Replica) -> list[float]:
    """How many commits of accepted requests there were, and of how many requests."""
    [family] = replica.metrics.histogram("splitflap_commit_batch_size").collect()
    return [each.value for each in family.samples if each.name.endswith(("_count", "_sum"))]


def test_waiting_requests_share_a_commit(make_replica: MakeReplica) -> None:
    """Twenty posts, one transaction; all are there, and their jobs were published."""
    replica = make_replica(started=False)
    futures = together(replica, *[replica.post] * 20)
    ids = {future.result().id for future in futures}
    assert batches(replica) == [1, 20]
    assert {row["id"] for row in replica.rows(schema.tasks)} == ids
    assert len(replica.rows(schema.posts)) == 20
    assert {job["task_id"] for job in replica.published} == ids


def test_refused_member_spoils_no_other(make_replica: MakeReplica) -> None:
    """Its error is its own; the others share their commit all the same."""
    replica = make_replica(started=False)
    refused = Refused(models.NewPost("text"))
    calls = [replica.post, lambda: replica.submit(refused, "created_post"), replica.post]
    first, second, third = together(replica, *calls)
    with pytest.raises(Problem, match="not this one"):
        second.result()
    assert first.result().id != third.result().id
    assert len(replica.rows(schema.posts)) == 2


def test_member_that_the_database_refuses_is_alone_in_that(make_replica: MakeReplica) -> None:
    """The batch fails as one, its members are tried alone, and only the guilty one fails."""
    replica = make_replica(started=False)
    poisoned = Poisoned(models.NewPost("text"))
    calls = [replica.post, lambda: replica.submit(poisoned, "created_post"), replica.post]
    first, second, third = together(replica, *calls)
    with pytest.raises(SQLAlchemyError):
        second.result()
    assert first.result().id != third.result().id
    assert len(replica.rows(schema.posts)) == 2
    assert len(replica.published) == 2


def test_key_with_two_bodies_in_one_commit(make_replica: MakeReplica) -> None:
    """One of them is taken, the other refused, and a third post is not touched."""
    replica = make_replica(started=False)
    futures = together(
        replica,
        lambda: replica.post("a", key="k", of="a"),
        lambda: replica.post("b", key="k", of="b"),
        replica.post,
    )
    errors = [future.exception() for future in futures]
    assert sorted(type(error).__name__ for error in errors) == [
        "KeyReused",
        "NoneType",
        "NoneType",
    ]
    assert len(replica.rows(schema.posts)) == 2


def test_same_request_twice_in_one_commit(make_replica: MakeReplica) -> None:
    """One task, one post, two answers."""
    replica = make_replica(started=False)
    futures = together(replica, *[lambda: replica.post("a", key="k", of="a")] * 5)
    assert len({future.result().id for future in futures}) == 1
    assert len(replica.rows(schema.posts)) == 1


def test_replicas_race_with_one_key(make_replica: MakeReplica) -> None:
    """Two commits at the same time: the loser gets the winner's task, its neighbours theirs."""
    replicas = [make_replica(), make_replica()]
    with ThreadPoolExecutor(16) as threads:
        for turn in range(10):
            key = f"key-{turn}"
            raced = [threads.submit(replicas[n % 2].post, "a", key=key, of="a") for n in range(8)]
            others = [threads.submit(replicas[n % 2].post) for n in range(8)]
            assert len({future.result().id for future in raced}) == 1
            assert len({future.result().id for future in others}) == 8
    assert len(replicas[0].rows(schema.posts)) == 10 * 9


def test_key_of_another_replica_with_another_body(make_replica: MakeReplica) -> None:
    """It is refused there as well."""
    one, two = make_replica(), make_replica()
    one.post("a", key="k", of="a")
    with pytest.raises(KeyReused):
        two.post("b", key="k", of="b")
