"""The state of a task, for its own account."""

from typing import Any

import msgspec

from asyncrequest import Final, NoSuchTask, TaskGone, TaskState
from splitflap_api.contract.formats import rfc3339


def check_owner(task: Any, account: str, now: int) -> Any:
    """The task. Raises NoSuchTask for another account's, TaskGone for one past its retention."""
    if task is None or task["account"] != account:
        raise NoSuchTask
    if task["state"] == "cancelled" or (
        task["expires_at"] is not None and task["expires_at"] <= now
    ):
        raise TaskGone
    return task


def visible_state(task: Any, account: str, now: int) -> TaskState | BaseException:
    """The state of a task's row for an account, or the error that it gets. The row may be None."""
    try:
        return state_of(check_owner(task, account, now))
    except (NoSuchTask, TaskGone) as error:
        return error


def state_of(task: Any) -> TaskState:
    """The state in a task's row."""
    final = None
    if task["state"] == "done" and task["status"] is not None:
        headers = msgspec.json.decode(task["headers"], type=tuple[tuple[str, str], ...])
        final = Final(task["status"], headers, task["body"] or b"")
    done = task["total"] - task["pending"]
    return TaskState(task["id"], rfc3339(task["created_at"]), done, task["total"], final)
