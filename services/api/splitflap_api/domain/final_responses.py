"""The responders of Splitflap: each makes the final responses of tasks whose jobs have ended."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from splitflap_core.contracts import RenderResult
from splitflap_core.outcomes import Done, Failed
from sqlalchemy import select

from asyncrequest import Final
from splitflap_api.contract import models
from splitflap_api.contract.paths import post_address
from splitflap_api.contract.problems import MEDIA_TYPE, Problem
from splitflap_api.domain.posts.representation import represent
from splitflap_api.domain.posts.shapes import read_posts
from splitflap_api.domain.posts.states import set_state
from splitflap_api.domain.previews import shape_preview
from splitflap_api.domain.responders import Completion, Responder
from splitflap_api.store.bulk import among
from splitflap_api.store.schema import previews


def created_post(completion: Completion) -> Sequence[Any]:
    """201 with the post and its address."""
    return _posts(completion, HTTPStatus.CREATED)


def edited_post(completion: Completion) -> Sequence[Any]:
    """200 with the post."""
    return _posts(completion, HTTPStatus.OK)


def rendered_text(completion: Completion) -> Sequence[Any]:
    """200 with the HTML and the names found in the text; the database keeps no other copy."""
    return [_rendered(completion.outcomes.get(task["id"])) for task in completion.tasks]


def fetched_preview(completion: Completion) -> Sequence[Any]:
    """200 with the preview, ready or failed."""
    urls = {task["subject"] for task in completion.tasks}
    rows = completion.tx.execute(
        select(previews).where(among(completion.tx, previews.c.url, urls))
    ).mappings()
    known = {row["url"]: row for row in rows}
    return [
        _json(HTTPStatus.OK, msgspec.json.encode(shape_preview(url, known[url])))
        if (url := task["subject"]) in known
        else problem_final(Problem("conflict", "the preview was removed"))
        for task in completion.tasks
    ]


#: All responders. Rows of tasks keep these names: remove or rename one after the last such row.
RESPONDERS: tuple[Responder, ...] = (created_post, edited_post, rendered_text, fetched_preview)


def problem_final(problem: Problem) -> Final:
    """A problem as a final response."""
    headers = (("Content-Type", MEDIA_TYPE), *problem.headers.items())
    return Final(problem.status, headers, problem.body())


def _json(status: int, body: bytes, *headers: tuple[str, str]) -> Final:
    head = (("Content-Type", "application/json"), *headers)
    return Final(int(status), head, body)


def _posts(completion: Completion, status: int) -> Sequence[Any]:
    failed = {
        task["id"]: outcome
        for task in completion.tasks
        if isinstance(outcome := completion.outcomes.get(task["id"]), Failed)
    }
    complete = [task for task in completion.tasks if task["id"] not in failed]
    _complete(completion, complete)
    shown = read_posts(completion.tx, [task["subject"] for task in complete])
    return [
        _not_rendered(failed[task["id"]])
        if task["id"] in failed
        else _post(shown.get(task["subject"]), status, task["revision"])
        for task in completion.tasks
    ]


def _complete(completion: Completion, tasks: Sequence[Any]) -> None:
    by_post = {task["subject"]: task for task in tasks}
    revisions = {post_id: task["revision"] for post_id, task in by_post.items()}
    for post in set_state(completion.tx, completion.changes, revisions, "complete"):
        completion.changes.event("done", post, task=by_post[post["id"]]["id"])


def _post(post: models.Post | None, status: int, revision: int) -> Final:
    """The post as it is now; a conflict for an overtaken edit."""
    if post is None:
        return problem_final(Problem("conflict", "the post was deleted before it was done"))
    if status == HTTPStatus.OK and post.revision != revision:
        detail = f"overtaken by revision {post.revision} before it was done"
        return problem_final(Problem("conflict", detail))
    place = [("Location", post_address(post.id))] if status == HTTPStatus.CREATED else []
    body, etag = represent(post)
    return _json(status, body, ("ETag", etag), *place)


def _rendered(outcome: Any) -> Final:
    if not isinstance(outcome, Done):
        return _not_rendered(outcome)
    result = msgspec.json.decode(outcome.result, type=RenderResult)
    render = models.Render(
        result.html, result.links, result.mentions, result.channels, result.excerpt
    )
    return _json(HTTPStatus.OK, msgspec.json.encode(render))


def _not_rendered(outcome: Failed) -> Final:
    detail = outcome.detail or f"rendering failed: {outcome.reason}"
    errors = [{"field": "text", "message": detail}] if outcome.reason == "refused" else []
    problem = Problem("not-rendered", detail, errors, extra={"reason": outcome.reason})
    return problem_final(problem)
