"""The asynchronous request: 202 and a Location now, the view's own response later.

Knows Flask, and nothing of posts. See docs/asynchronous-requests.md for an app of ten lines.
"""

from splitflap_api.asyncrequest.backend import (
    Backend,
    Final,
    KeyReused,
    NoSuchTask,
    Submission,
    TaskGone,
    TaskState,
)
from splitflap_api.asyncrequest.decorator import AsyncRequests, BadHeader, Later
from splitflap_api.asyncrequest.inprocess import InProcess

__all__ = [
    "AsyncRequests",
    "Backend",
    "BadHeader",
    "Final",
    "InProcess",
    "KeyReused",
    "Later",
    "NoSuchTask",
    "Submission",
    "TaskGone",
    "TaskState",
]
