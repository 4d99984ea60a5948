"""The state of a task, for its own account."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, TextClause, case, func, select

from asyncrequest import Final, NoSuchTask, TaskGone, TaskState
from splitflap_api.contract.formats import rfc3339
from splitflap_api.domain.access.keys import Caller
from splitflap_api.domain.split_final import with_html
from splitflap_api.store.schema import posts, tasks
from splitflap_api.store.sizes import bytes_of

#: Largest body that a shared read hands over, in bytes. 128 polls share a read, so larger bodies
#: would make it one of megabytes.
SHARED_BODY = 8_192

#: States with a final response. `done`: its row has the whole body; `split`: see split_final.py.
FINISHED = {"done", "split"}

_BODY, _HTML = tasks.c.body, func.coalesce(tasks.c.html, posts.c.html)
_SIZE = bytes_of(_BODY) + func.coalesce(tasks.c.html_bytes, 0)
_HEAD = [column for column in tasks.c if column.name not in {"body", "html", "html_post"}]
_WITH_POSTS = tasks.outerjoin(
    posts, (posts.c.id == tasks.c.html_post) & (posts.c.revision == tasks.c.revision)
)
_WHOLE = select(*_HEAD, _BODY, _HTML.label("html")).select_from(_WITH_POSTS)


def bounded(most: int) -> Select[Any]:
    """The rows of tasks, for `state_of`, with bodies of up to `most` bytes."""
    return select(
        *_HEAD,
        case((most >= _SIZE, _BODY)).label("body"),
        case((most >= _SIZE, _HTML)).label("html"),
        (most < _SIZE).label("is_large"),
    ).select_from(_WITH_POSTS)


_SHARED = bounded(SHARED_BODY)


@dataclass(frozen=True)
class LargeTask:
    """A finished task whose final response is too large for a shared read. Read it alone."""

    id: str


def read_shared(tx: Connection, where: ColumnElement[bool] | TextClause) -> Sequence[Any]:
    """The rows of tasks, for `state_of`, without large bodies."""
    return tx.execute(_SHARED.where(where)).mappings().all()


def read_whole(tx: Connection, task_id: str) -> Any:
    """The row of a task, for `state_of`; None if there is none."""
    return tx.execute(_WHOLE.where(tasks.c.id == task_id)).mappings().first()


def check_visible(task: Any, caller: Caller | None, now: int) -> Any:
    """The task. Raises NoSuchTask if the caller may not see it, TaskGone past its retention.

    No caller sees all tasks.
    """
    if task is None or (caller and not caller.sees_task(task)):
        raise NoSuchTask
    if task["state"] == "cancelled" or (
        task["expires_at"] is not None and task["expires_at"] <= now
    ):
        raise TaskGone
    return task


def visible_state(
    task: Any, caller: Caller | None, now: int
) -> TaskState | LargeTask | BaseException:
    """The state of a task's row for a caller, or the error that it gets. The row may be None."""
    try:
        return state_of(check_visible(task, caller, now))
    except (NoSuchTask, TaskGone) as error:
        return error


def state_of(task: Any) -> TaskState | LargeTask:
    """The state in a task's row. Raises TaskGone if its final response has been swept."""
    final = None
    if _is_finished(task):
        if task.get("is_large"):
            return LargeTask(task["id"])
        body = task["body"] or b""
        final = _final(task, body if task["html"] is None else with_html(body, task["html"]))
    done = task["total"] - task["pending"]
    return TaskState(task["id"], rfc3339(task["created_at"]), done, task["total"], final)


def etag_of(task: Any) -> str | None:
    """The ETag of a task: that of its final response. The row needs no body.

    Raises:
        TaskGone: the final response has been swept.
    """
    return _final(task, b"").etag if _is_finished(task) else None


def _is_finished(task: Any) -> bool:
    return task["state"] in FINISHED and task["status"] is not None


def _final(task: Any, body: bytes) -> Final:
    # A clock that was set back makes the retention of a swept task end in the future again.
    if task["headers"] is None:
        raise TaskGone
    headers = msgspec.json.decode(task["headers"], type=tuple[tuple[str, str], ...])
    return Final(task["status"], headers, body)
