"""The asynchronous request: 202 and a Location now, the view's own response later.

Knows Flask, and nothing of posts; the folder can be moved, for it imports nothing of the rest.
See docs/asynchronous-requests.md for an app of ten lines.
"""

from .backend import Submission, TaskBackend, TaskState
from .decorator import AsyncRequests, Later
from .errors import (
    BackendFull,
    BadHeader,
    KeyReused,
    NoSuchTask,
    TaskError,
    TaskGone,
)
from .final import Final
from .inprocess import InProcess

__all__ = [
    "AsyncRequests",
    "BackendFull",
    "BadHeader",
    "Final",
    "InProcess",
    "KeyReused",
    "Later",
    "NoSuchTask",
    "Submission",
    "TaskBackend",
    "TaskError",
    "TaskGone",
    "TaskState",
]
