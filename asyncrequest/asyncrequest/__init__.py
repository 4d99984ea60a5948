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
    PreconditionFailed,
    TaskError,
    TaskGone,
)
from .final import Final
from .headers import idempotency_key
from .inprocess import InProcess
from .preconditions import NO_PRECONDITIONS, Preconditions

__all__ = [
    "NO_PRECONDITIONS",
    "AsyncRequests",
    "BackendFull",
    "BadHeader",
    "Final",
    "InProcess",
    "KeyReused",
    "Later",
    "NoSuchTask",
    "PreconditionFailed",
    "Preconditions",
    "Submission",
    "TaskBackend",
    "TaskError",
    "TaskGone",
    "TaskState",
    "idempotency_key",
]
