"""Batches of posts: one task for all, and a result for each."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from splitflap_api.contract.models import PostInput
from splitflap_api.domain.batches import CreatePosts
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.http.parse import MAX_BATCH

from asyncrequest import TaskGone, TaskState

from .rig import Rig, failed, outcome_of


def accept(rig: Rig, *texts: str, key: str | None = None) -> TaskState:
    """Accept a batch of posts of `me`."""
    return rig.accept(CreatePosts([CreatePost(PostInput(each)) for each in texts]), key=key)


def jobs(rig: Rig) -> list[Any]:
    """The renders, in the order of their posts."""
    order = {row["id"]: row["subject"] for row in rig.rows("tasks", finish="batched_post")}
    by_task = {row["task_id"]: row for row in rig.rows("jobs", kind="render")}
    return [by_task[task] for task in order if task in by_task]


def statuses(rig: Rig, state: TaskState) -> list[int]:
    """The results of a finished batch."""
    return [each["status"] for each in rig.body(state)["results"]]


def test_the_results_stand_in_the_order_of_the_posts(rig: Rig) -> None:
    """However the jobs end. A text that is not rendered has its problem there."""
    state = accept(rig, "a", "b", "c")
    assert (state.done, state.total) == (0, 3)
    first, second, third = jobs(rig)
    rig.rendered(third)
    rig.apply(outcome_of(second, failed()))
    assert (rig.task(state)["pending"], rig.final(state)) == (1, None)
    rig.rendered(first)
    results = rig.body(state)["results"]
    assert [each["status"] for each in results] == [201, 422, 201]
    texts = {row["id"]: row["text"] for row in rig.rows("posts")}
    assert [texts.get(each["post"]) for each in results] == ["a", None, "c"]
    assert results[1]["problem"]["type"] == "/v1/problems/not-rendered"


def test_jobs_of_one_batch_may_end_together(rig: Rig) -> None:
    """One transaction then ends all parts and the batch."""
    state = accept(rig, "a", "b", "c")
    rig.apply(*(outcome_of(each, failed()) for each in jobs(rig)))
    assert statuses(rig, state) == [422, 422, 422]


def test_a_batch_waits_for_previews_too(rig: Rig) -> None:
    """As the task of one post."""
    state = accept(rig, "a", "b")
    first, second = jobs(rig)
    (scrape,) = rig.rendered(first, "https://a.example/")
    rig.rendered(second, "https://a.example/")
    assert rig.final(state) is None
    rig.scraped(scrape)
    assert statuses(rig, state) == [201, 201]


def test_a_deleted_or_edited_post_ends_its_part(rig: Rig) -> None:
    """The deleted one is a conflict. The edited one exists."""
    state = accept(rig, "a", "b")
    gone, other = (row["subject"] for row in rig.rows("tasks", finish="batched_post"))
    rig.delete_post(gone)
    rig.edit(other, "again")
    assert statuses(rig, state) == [409, 201]


def test_cancelling_a_batch_drops_its_unfinished_posts(rig: Rig) -> None:
    """The rendered one stays. Later ends of parts do not bring the batch back."""
    state = accept(rig, "a", "b")
    first, second = jobs(rig)
    rig.rendered(first)
    rig.cancel(state.id)
    assert [row["text"] for row in rig.rows("posts")] == ["a"]
    rig.rendered(second)
    with pytest.raises(TaskGone):
        rig.final(state)
    assert rig.rows("jobs") == []


def test_cancelling_a_part_ends_it_for_its_batch(rig: Rig) -> None:
    """Running or done, the first or the last one. A post that is done keeps its result."""
    state = accept(rig, "a", "b", "c")
    first, second, third = (row["id"] for row in rig.rows("tasks", finish="batched_post"))
    rig.rendered(jobs(rig)[0])
    rig.cancel(first)
    rig.cancel(second)
    assert rig.task(state)["pending"] == 1
    rig.cancel(third)
    results = rig.body(state)["results"]
    assert [each["status"] for each in results] == [201, 410, 410]
    assert results[0]["post"] == rig.row("posts")["id"]
    assert results[1]["problem"]["type"] == "/v1/problems/gone"


def test_a_repeated_batch_is_the_same_task(rig: Rig) -> None:
    """Its posts exist once."""
    assert accept(rig, "a", "b", key="k").id == accept(rig, "a", "b", key="k").id
    assert rig.count("posts") == 2


def test_one_wrong_post_refuses_the_batch(rig: Rig, client: FlaskClient) -> None:
    """The problem names it."""
    posts = [{"text": "a"}, {"text": " "}]
    response = client.post("/v1/posts/batch", json={"posts": posts})
    assert response.status_code == 422
    assert response.json is not None
    assert response.json["errors"][0]["field"] == "posts[1].text"
    assert response.json["detail"].startswith("posts[1]")
    assert rig.count("posts") == rig.count("tasks") == 0


def test_a_batch_has_a_limit_of_its_own(client: FlaskClient) -> None:
    """Of posts and of bytes; it is larger than that of one post."""
    post = {"text": "x" * 65_000}
    assert client.post("/v1/posts/batch", json={"posts": [post] * 20}).status_code == 202
    assert client.post("/v1/posts/batch", json={"posts": [post] * 40}).status_code == 413
    assert client.post("/v1/posts/batch", data=b"x" * (MAX_BATCH + 1)).status_code in {413, 415}
    assert client.post("/v1/posts/batch", json={"posts": [{"text": "x"}] * 101}).status_code == 422
    assert client.post("/v1/posts/batch", json={"posts": []}).status_code == 422
