"""What the decorator asks of whoever keeps the tasks and does the work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .final import Final


@dataclass(frozen=True)
class TaskState:
    """A task as its owner sees it. `created_at` is RFC 3339; `final` is there once it is done."""

    id: str
    created_at: str
    done: int = 0
    total: int = 1
    final: Final | None = None


def as_it_is(result: Any) -> Any:
    """A finish function for work that comes to a response by itself."""
    return result


@dataclass(frozen=True)
class Submission:
    """A request to be answered later. `work` is the backend's own business.

    `finisher` makes the final response of what the work came to; a backend that keeps tasks
    elsewhere keeps its name, `finish`, and finds it again in `AsyncRequests.finishers`.
    `fingerprint` is there with `idempotency_key`, and differs between different requests.
    """

    account: str
    work: Any
    finish: str
    idempotency_key: str | None = None
    fingerprint: str | None = None
    traceparent: str | None = None
    finisher: Callable[..., Any] = as_it_is


class TaskBackend(Protocol):
    """Keeps tasks and sees to their work. All calls may block the calling thread."""

    def accept(self, submission: Submission) -> TaskState:
        """Keep the task for good before returning; a known idempotency key returns its task.

        Of concurrent calls with the same account and key, one makes the task and all return it.

        Raises:
            KeyReused: the idempotency key belongs to a request with another fingerprint.
            BackendFull: there are too many tasks; nothing was accepted.
        """

    def get(self, account: str, task_id: str) -> TaskState:
        """The task as it is now.

        Raises:
            NoSuchTask, TaskGone: as their names say.
        """

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:
        """The task when it is done, or as it is after `seconds`; raises as `get`."""

    def cancel(self, account: str, task_id: str) -> None:
        """End the task and its work; `get` raises TaskGone from now on. Raises as `get`."""
