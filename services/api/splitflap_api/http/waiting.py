"""Waiting requests hold no slot (overload/slots.py)."""

from flask import request

from asyncrequest import Preconditions, Submission, TaskState
from splitflap_api.domain.commands import Command
from splitflap_api.http.auth import caller
from splitflap_api.loops.acceptor import Acceptor
from splitflap_api.overload.slots import SLOT, Slot


def release_slot() -> None:
    """Give the present request's slot back: from now on it only waits."""
    slot = request.environ.get(SLOT)
    if isinstance(slot, Slot):
        slot.release()


class SlotReleasingBackend:
    """Wraps the acceptor. It releases the slot before a wait (`Prefer: wait`).

    A wait ends with its key: the response is then the 202 of the running task.
    """

    def __init__(self, backend: Acceptor) -> None:
        self._backend = backend

    def accept(self, submission: Submission[Command]) -> TaskState:
        return self._backend.accept(submission)

    def get(self, account: str, task_id: str) -> TaskState:
        return self._backend.get(account, task_id)

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:
        release_slot()
        return self._backend.wait(account, task_id, seconds, caller().key_id)

    def cancel(self, account: str, task_id: str, preconditions: Preconditions) -> None:
        self._backend.cancel(account, task_id, preconditions)
