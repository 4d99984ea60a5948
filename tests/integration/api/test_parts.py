"""Parts of one batch that end in several transactions at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from splitflap_api.contract.models import PostInput
from splitflap_api.domain.batches import CreatePosts
from splitflap_api.domain.posts.commands import CreatePost

from asyncrequest import TaskGone
from tests.unit.api.rig import Rig, rendered

from .conftest import MakeRig

POSTS = 40


def test_exactly_one_transaction_ends_the_batch(rig: Rig, make_rig: MakeRig) -> None:
    """Four replicas apply the outcomes of its parts."""
    state = rig.accept(CreatePosts([CreatePost(PostInput(f"post {n}")) for n in range(POSTS)]))
    jobs = rig.rows("jobs")
    replicas = [make_rig() for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for replica, own in zip(replicas, (jobs[n::4] for n in range(4)), strict=True):
            threads.submit(lambda r, some: [r.apply(rendered(each)) for each in some], replica, own)
    assert [each["status"] for each in rig.body(state)["results"]] == [201] * POSTS
    assert rig.task(state)["pending"] == 0
    assert rig.count("jobs") == 0


def test_a_cancelled_batch_and_its_ending_parts_never_deadlock(rig: Rig, make_rig: MakeRig) -> None:
    """Each part either ends, or is dropped with the batch."""
    state = rig.accept(CreatePosts([CreatePost(PostInput(f"post {n}")) for n in range(POSTS)]))
    jobs = rig.rows("jobs")
    replica = make_rig()
    with ThreadPoolExecutor(2) as threads:
        ending = threads.submit(lambda: [replica.apply(rendered(each)) for each in jobs])
        threads.submit(rig.cancel, state.id).result(30)
        ending.result(30)
    with pytest.raises(TaskGone):
        rig.final(state)
    assert {row["state"] for row in rig.rows("posts")} <= {"complete"}
    assert rig.count("jobs") == rig.count("waiters") == 0
