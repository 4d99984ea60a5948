"""Asynchronous requests for Flask: 202 and a Location now, the view's own response later.

`AsyncRequests` decorates views, and serves their tasks. A `TaskBackend` keeps the tasks and does
the work; `InProcess` is one in memory. The README has an app and the promises.
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
