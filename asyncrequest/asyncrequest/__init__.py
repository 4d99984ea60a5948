"""The asynchronous request: 202 and a Location now, the view's own response later.

Knows Flask, and nothing of posts; the folder can be moved, for it imports nothing of the rest.
See docs/asynchronous-requests.md for an app of ten lines.
"""

from .backend import Backend, Submission, TaskState
from .decorator import AsyncRequests, Later
from .errors import (
    BadHeader,
    Busy,
    KeyReused,
    NoSuchTask,
    TaskError,
    TaskGone,
)
from .final import Final
from .inprocess import InProcess

__all__ = [
    "AsyncRequests",
    "Backend",
    "BadHeader",
    "Busy",
    "Final",
    "InProcess",
    "KeyReused",
    "Later",
    "NoSuchTask",
    "Submission",
    "TaskError",
    "TaskGone",
    "TaskState",
]
