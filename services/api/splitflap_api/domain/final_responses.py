"""The responders of Splitflap: each makes the final responses of tasks whose jobs have ended."""

from collections.abc import Iterable, Iterator, Sequence
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
from splitflap_api.domain.changes import Row
from splitflap_api.domain.posts.representation import represent
from splitflap_api.domain.posts.shapes import read_in_steps
from splitflap_api.domain.posts.states import set_state
from splitflap_api.domain.previews import shape_preview
from splitflap_api.domain.responders import Completion, Responder
from splitflap_api.domain.split_final import split_final
from splitflap_api.store.bulk import among
from splitflap_api.store.schema import posts, previews, tasks


def created_post(completion: Completion) -> Iterable[Any]:
    """201 with the post and its address."""
    return _posts(completion, HTTPStatus.CREATED)


def edited_post(completion: Completion) -> Iterable[Any]:
    """200 with the post."""
    return _posts(completion, HTTPStatus.OK)


def batched_post(completion: Completion) -> Sequence[Any]:
    """201 with the id of a post: a part of a batch."""
    failed, complete = _split_off_failed(completion)
    _complete(completion, complete)
    wanted = among(completion.tx, posts.c.id, [task["subject"] for task in complete])
    there = set(completion.tx.execute(select(posts.c.id).where(wanted)).scalars())
    return [
        _not_rendered(failed[task["id"]])
        if task["id"] in failed
        else _json(models.BatchedPost(task["subject"]), HTTPStatus.CREATED)
        if task["subject"] in there
        else problem_final(_DELETED)
        for task in completion.tasks
    ]


def created_posts(completion: Completion) -> Iterable[Any]:
    """200 with the results of a batch, in the order of its posts."""
    wanted = among(completion.tx, tasks.c.batch_id, [task["id"] for task in completion.tasks])
    columns = (tasks.c.batch_id, tasks.c.subject, tasks.c.status, tasks.c.body)
    results: dict[str, list[models.BatchResult]] = {}
    for row in completion.tx.execute(select(*columns).where(wanted).order_by(tasks.c.id)):
        results.setdefault(row.batch_id, []).append(_result(row))
    for task in completion.tasks:
        yield _json(models.Batch(results.get(task["id"], [])))


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
        _json(shape_preview(url, known[url], completion.urls))
        if (url := task["subject"]) in known
        else problem_final(Problem("conflict", "the preview was removed"))
        for task in completion.tasks
    ]


#: All responders. Rows of tasks keep these names: remove or rename one after the last such row.
RESPONDERS: tuple[Responder, ...] = (
    created_post,
    created_posts,
    batched_post,
    edited_post,
    rendered_text,
    fetched_preview,
)

_DELETED = Problem("conflict", "the post was deleted before it was done")
_CANCELLED = Problem("gone", "the task of the post was cancelled")


def problem_final(problem: Problem) -> Final:
    """A problem as a final response."""
    headers = (("Content-Type", MEDIA_TYPE), *problem.headers.items())
    return Final(problem.status, headers, problem.body())


def _json(value: Any, status: int = HTTPStatus.OK) -> Final:
    """This JSON, with 200 unless given."""
    head = (("Content-Type", "application/json"),)
    return Final(int(status), head, msgspec.json.encode(value))


def _result(part: Any) -> models.BatchResult:
    """The final response of a part of a batch, as the batch has it. A cancelled one has no body."""
    if part.status == HTTPStatus.CREATED:
        return models.BatchResult(part.status, part.subject, None)
    body = _CANCELLED.body() if part.body is None else part.body
    problem = msgspec.json.decode(body, type=models.ProblemBody)
    return models.BatchResult(problem.status, None, problem)


def _split_off_failed(completion: Completion) -> tuple[dict[str, Failed], list[Row]]:
    """The outcomes of the tasks whose text was not rendered, by task; and the other tasks."""
    failed = {
        task["id"]: outcome
        for task in completion.tasks
        if isinstance(outcome := completion.outcomes.get(task["id"]), Failed)
    }
    return failed, [task for task in completion.tasks if task["id"] not in failed]


def _posts(completion: Completion, status: int) -> Iterator[Any]:
    failed, complete = _split_off_failed(completion)
    sizes = _complete(completion, complete)
    shown = read_in_steps(
        completion.tx, [task["subject"] for task in complete], sizes, completion.urls
    )
    for task in completion.tasks:
        if task["id"] in failed:
            yield _not_rendered(failed[task["id"]])
        else:
            yield _post(next(shown), status, task["revision"])


def _complete(completion: Completion, tasks: Sequence[Any]) -> dict[str, int]:
    """Complete the posts of these tasks. Returns the sizes of those that were completed."""
    by_post = {task["subject"]: task for task in tasks}
    revisions = {post_id: task["revision"] for post_id, task in by_post.items()}
    completed = set_state(completion.tx, completion.changes, revisions, "complete")
    for post in completed:
        completion.changes.event("done", post, task=by_post[post["id"]]["id"])
    return {post["id"]: post["bytes"] for post in completed}


def _post(post: models.Post | None, status: int, revision: int) -> Final:
    """The post as it is now; a conflict for an overtaken edit."""
    if post is None:
        return problem_final(_DELETED)
    if status == HTTPStatus.OK and post.revision != revision:
        detail = f"overtaken by revision {post.revision} before it was done"
        return problem_final(Problem("conflict", detail))
    place = [("Location", post_address(post.id))] if status == HTTPStatus.CREATED else []
    body, etag = represent(post)
    headers = (("Content-Type", "application/json"), ("ETag", etag), *place)
    if post.html is not None and post.revision == revision:
        return split_final(int(status), headers, post)
    return Final(int(status), headers, body)


def _rendered(outcome: Any) -> Final:
    if not isinstance(outcome, Done):
        return _not_rendered(outcome)
    result = msgspec.json.decode(outcome.result, type=RenderResult)
    return _json(
        models.Render(result.html, result.links, result.mentions, result.channels, result.excerpt)
    )


def _not_rendered(outcome: Failed) -> Final:
    detail = outcome.detail or f"rendering failed: {outcome.reason}"
    errors = [{"field": "text", "message": detail}] if outcome.reason == "refused" else []
    problem = Problem("not-rendered", detail, errors, extra={"reason": outcome.reason})
    return problem_final(problem)
