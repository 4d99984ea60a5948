"""A post, its task and a render through the client of openapi-python-client."""

import os
from datetime import datetime
from uuid import UUID, uuid4

from splitflap_generated import AuthenticatedClient
from splitflap_generated.api.posts import create_post, list_posts, show_post
from splitflap_generated.api.renders import create_render
from splitflap_generated.api.tasks import show_task
from splitflap_generated.models import (
    Post,
    PostInput,
    PostState,
    ProblemBody,
    Render,
    RenderInput,
    RunningTask,
)

CHANNEL = "openapi-python-client"


def post_and_read_it(client: AuthenticatedClient) -> None:
    """202 with a task, 201 with the post, then the post at its own address."""
    body = PostInput(text="**Hello**", channel=CHANNEL)
    accepted = create_post.sync_detailed(client=client, body=body, idempotency_key=str(uuid4()))
    task = accepted.parsed
    assert isinstance(task, RunningTask), accepted
    assert accepted.headers["Location"] == f"/v1/tasks/{task.id}"
    post = final_response(client, task.id)
    assert isinstance(post, Post)
    assert isinstance(post.id, UUID)
    assert isinstance(post.created_at, datetime)
    assert post.state is PostState.COMPLETE
    assert "<strong>Hello</strong>" in (post.html or "")
    assert show_post.sync(post.id, client=client) == post
    page = list_posts.sync(client=client, channel=CHANNEL, limit=1)
    assert page is not None
    assert page.items == [post]


def render(client: AuthenticatedClient) -> None:
    """The union of a task's final responses finds the right model."""
    response = create_render.sync(client=client, body=RenderInput("*hi*"), prefer="wait=20")
    assert isinstance(response, Render), response
    assert "<em>hi</em>" in response.html


def read_a_problem(client: AuthenticatedClient) -> None:
    """A refusal is a problem with its fields."""
    problem = show_post.sync(uuid4(), client=client)
    assert isinstance(problem, ProblemBody)
    assert (problem.status, problem.type_) == (404, "/v1/problems/not-found")


def final_response(client: AuthenticatedClient, task_id: UUID) -> object:
    """Poll the task until it is done."""
    while isinstance(
        found := show_task.sync(task_id, client=client, prefer="wait=10"), RunningTask
    ):
        pass
    return found


if __name__ == "__main__":
    url, key = os.environ["SPLITFLAP_URL"], os.environ["SPLITFLAP_KEY"]
    with AuthenticatedClient(base_url=url, token=key, timeout=30) as authenticated:
        post_and_read_it(authenticated)
        render(authenticated)
        read_a_problem(authenticated)
