"""A backend of the asynchronous request that releases the slot of a waiting request."""

from asyncrequest import NoSuchTask, Submission, TaskBackend, TaskState
from splitflap_api.contract.formats import is_id
from splitflap_api.overload.slots import release_slot


class SlotReleasingBackend:
    """Wraps a backend. It checks ids, and releases the slot before a wait (`Prefer: wait`)."""

    def __init__(self, backend: TaskBackend) -> None:
        self._backend = backend

    def accept(self, submission: Submission) -> TaskState:
        return self._backend.accept(submission)

    def get(self, account: str, task_id: str) -> TaskState:
        return self._backend.get(account, _checked(task_id))

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:
        _checked(task_id)
        release_slot()
        return self._backend.wait(account, task_id, seconds)

    def cancel(self, account: str, task_id: str) -> None:
        self._backend.cancel(account, _checked(task_id))


def _checked(task_id: str) -> str:
    """Raises NoSuchTask for a text that is no UUID: PostgreSQL would fail to compare it."""
    if not is_id(task_id):
        raise NoSuchTask(task_id)
    return task_id
