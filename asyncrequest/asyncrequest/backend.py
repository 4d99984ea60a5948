"""The seam between the decorator and the backend that keeps tasks and does the work."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from .final import Final
from .preconditions import Preconditions

W_co = TypeVar("W_co", covariant=True)
W_contra = TypeVar("W_contra", contravariant=True)

#: Makes the final response from the result of the work, in the backend's own form. Returns any
#: value a Flask view may return.
Responder = Callable[[Any], Any]


@dataclass(frozen=True)
class TaskState:
    """A snapshot of a task. `created_at` is RFC 3339; a finished task has its `final`."""

    id: str
    created_at: str
    done: int = 0
    total: int = 1
    final: Final | None = None

    @property
    def etag(self) -> str | None:
        """The ETag of the task's resource: that of its final response."""
        return self.final.etag if self.final else None


def unchanged(result: Any) -> Any:
    """The responder for work whose result is the response."""
    return result


@dataclass(frozen=True)
class Submission(Generic[W_co]):
    """A request to be answered later. The backend defines the type of `work`.

    A backend outside this process stores `responder_name` instead of `responder`, and finds the
    function in `AsyncRequests.responders`. `fingerprint` comes with `idempotency_key`: two
    different requests have different fingerprints.
    """

    account: str
    work: W_co
    responder_name: str
    idempotency_key: str | None = None
    fingerprint: str | None = None
    traceparent: str | None = None
    responder: Responder = unchanged


class TaskBackend(Protocol[W_contra]):
    """Keeps tasks and has their work done. Every method may block the calling thread."""

    def accept(self, submission: Submission[W_contra]) -> TaskState:
        """Store the task durably, then return it. A known idempotency key returns its task.

        Concurrent calls with one account and key make one task, and all return it. A key outlives
        its removed task for as long as `get` raises TaskGone.

        Raises:
            KeyReused: the idempotency key belongs to a request with another fingerprint.
            TaskGone: the key's task was cancelled, or its retention has ended.
            BackendFull: the limit of tasks is reached; the request was refused.
        """

    def get(self, account: str, task_id: str) -> TaskState:
        """The present state of a task.

        Raises:
            NoSuchTask: the id is unknown, or the task belongs to another account.
            TaskGone: the task was cancelled, or its retention has ended.
        """

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:
        """The state as soon as the task is done, or after `seconds`. Raises as `get`."""

    def cancel(self, account: str, task_id: str, preconditions: Preconditions) -> None:
        """End the task and its work. From now on `get` raises TaskGone. Raises as `get`.

        Call `preconditions.check(state.etag)` first, under the lock or in the transaction of the
        change. It raises PreconditionFailed, and then nothing may change.
        """
