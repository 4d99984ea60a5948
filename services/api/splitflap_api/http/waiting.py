"""Waiting requests hold no slot (overload/slots.py)."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from asyncrequest import Preconditions, Submission, TaskState
from splitflap_api.contract.problems import unavailable
from splitflap_api.domain.commands import Command
from splitflap_api.http.auth import caller
from splitflap_api.loops.acceptor import Acceptor
from splitflap_api.overload.shedding import TOO_MANY
from splitflap_api.overload.slots import SLOT, Slot


def release_slot() -> None:
    """Give the present request's slot back: from now on it only waits."""
    slot = request.environ.get(SLOT)
    if isinstance(slot, Slot):
        slot.release()


@contextmanager
def slot_lent() -> Iterator[None]:
    """Give the present request's slot back within the block, while its body arrives.

    Raises:
        Problem: unavailable, if all slots are taken at the end of the block.
    """
    slot: Slot | None = request.environ.get(SLOT)
    lent = slot if slot and slot.held else None
    if lent:
        lent.release()
    yield
    if lent and not lent.retake():
        raise unavailable(TOO_MANY)


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
