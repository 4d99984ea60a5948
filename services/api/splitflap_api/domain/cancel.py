"""Cancelling a task: unfinished work is dropped, and finished work stays."""

from sqlalchemy import Connection, select, update

from asyncrequest import NO_PRECONDITIONS, Preconditions
from splitflap_api.domain.access.keys import Caller
from splitflap_api.domain.batches import KEPT_FOR_BATCH, parts_of
from splitflap_api.domain.changes import Changes, Row
from splitflap_api.domain.final_responses import edited_post
from splitflap_api.domain.jobs.locks import drop_unwanted_jobs, lock_tasks
from splitflap_api.domain.posts.commands import delete_post
from splitflap_api.domain.posts.states import lock_posts, request_pending_previews, set_state
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.domain.task_state import check_visible, etag_of
from splitflap_api.domain.tasks import Tasks
from splitflap_api.store.bulk import among
from splitflap_api.store.schema import posts, tasks


def cancel(
    tx: Connection,
    changes: Changes,
    tasks_: Tasks,
    task_id: str,
    caller: Caller,
    preconditions: Preconditions,
) -> None:
    """Cancel a task, whether or not it has ended. Its idempotency key stays taken.

    Raises:
        NoSuchTask: the task is unknown, or the caller may not see it.
        TaskGone: the task was cancelled before, or its retention has ended.
        PreconditionFailed: the task has another ETag now.
    """
    parts = parts_of(tx, task_id)
    drop_unwanted_jobs(tx, [*parts, task_id], changes.now)
    locked = lock_tasks(tx, [*parts, task_id])
    # The batch has the highest id.
    check_visible(locked[-1] if locked else None, caller, changes.now)
    _check(tx, task_id, preconditions)
    values = {
        "state": "cancelled",
        "pending": 0,
        "body": None,
        "html_post": None,
        "html": None,
        "finish_at": None,
        "expires_at": changes.now + (KEPT_FOR_BATCH if locked[-1]["batch_id"] else 0),
    }
    for each in locked:
        _undo(tx, changes, each, tasks_.urls)
    # A task that is gone takes no notice of the ends of its parts.
    tx.execute(update(tasks).where(among(tx, tasks.c.id, [*parts, task_id])).values(values))
    changes.schedule_previews(tx)
    tasks_.end(tx, changes)
    # A batch that was cancelled itself counts no more.
    tasks_.end_parts(tx, changes, [each for each in locked if each["state"] == "running"])


def _check(tx: Connection, task_id: str, preconditions: Preconditions) -> None:
    """Check the preconditions for a locked task."""
    if preconditions is not NO_PRECONDITIONS:
        wanted = select(tasks.c.state, tasks.c.status, tasks.c.headers)
        row = tx.execute(wanted.where(tasks.c.id == task_id)).mappings().one()
        preconditions.check(etag_of(row))


def _undo(tx: Connection, changes: Changes, task: Row, urls: PreviewUrls) -> None:
    """Undo the unfinished work of a task.

    An unrendered new post is deleted. An edit stays, as text, and so does a replay. A rendered post
    stays, and its previews still arrive, also if the task has ended before them.
    """
    if task["revision"] is None:
        return  # not a post's task: the subject of a preview's task is its URL
    row = lock_posts(tx, [task["subject"]]).get(task["subject"])
    if row is None or row["revision"] != task["revision"]:
        return
    if task["state"] == "running":
        _finish_post(tx, changes, task, row, urls)
    request_pending_previews(tx, changes, row, task["id"])


def _finish_post(tx: Connection, changes: Changes, task: Row, row: Row, urls: PreviewUrls) -> None:
    """Complete a rendered post. Delete an unrendered one, or leave it as text."""
    # The replay of a new post has the post's first revision too.
    is_new = row["revision"] == 1 and task["finish"] != edited_post.__name__
    if row["state"] == "accepted" and is_new:
        delete_post(tx, changes, row["id"], None, urls=urls)
        changes.ending.remove(task["id"])
    elif row["state"] == "accepted":
        tx.execute(update(posts).where(posts.c.id == row["id"]).values(state="failed"))
        changes.event("failed", row, task=task["id"], reason="cancelled")
    elif row["state"] == "rendered":
        set_state(tx, changes, {row["id"]: row["revision"]}, "complete")
        changes.event("done", row, task=task["id"])
