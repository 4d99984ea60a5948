"""Waiting requests hold no slot (overload/slots.py)."""

from collections.abc import Callable
from dataclasses import replace

from flask import request

from asyncrequest import KeyReused, NoSuchTask, Preconditions, Submission, TaskState
from splitflap_api.domain.access.keys import Keyring
from splitflap_api.domain.commands import Command, Telling
from splitflap_api.http.auth import caller
from splitflap_api.http.webhooks.told import told_of
from splitflap_api.loops.acceptor import Acceptor
from splitflap_api.overload import connection_limits
from splitflap_api.overload.slots import SLOT, Slot


def release_slot() -> None:
    """Give the present request's slot back: from now on it only waits."""
    slot = request.environ.get(SLOT)
    if isinstance(slot, Slot):
        slot.release()


def begin_wait() -> Callable[[], bool]:
    """The present request only waits from now on, and gives its slot back.

    The result tells whether its client has left.
    """
    release_slot()
    return connection_limits.begin_wait(request.environ)


class RequestBackend:
    """The task backend of the present request's caller: the decorator knows its account only.

    It releases the slot before a wait (`Prefer: wait`).

    A wait ends with its key, or its client: the response is then the 202 of the running task.
    """

    def __init__(self, backend: Acceptor, keyring: Keyring) -> None:
        self._backend = backend
        self._keyring = keyring

    def accept(self, submission: Submission[Command]) -> TaskState:
        """As the protocol. The task is told to the key's webhooks.

        Raises:
            KeyReused: another key has used the idempotency key for a task in other channels.
            Problem: bad-request, for a webhook that the key does not have.
        """
        if told := told_of(self._keyring):
            submission = replace(submission, work=Telling(submission.work, told))
        state = self._backend.accept(submission)
        if submission.idempotency_key and not caller().channels.are_all:
            try:
                self._backend.get(caller(), state.id)
            except NoSuchTask:
                raise KeyReused(submission.idempotency_key) from None
        return state

    def get(self, account: str, task_id: str) -> TaskState:  # noqa: ARG002 - as the protocol
        return self._backend.get(caller(), task_id)

    def wait(self, account: str, task_id: str, seconds: float) -> TaskState:  # noqa: ARG002 - as above
        return self._backend.wait(caller(), task_id, seconds, begin_wait())

    def cancel(self, account: str, task_id: str, preconditions: Preconditions) -> None:  # noqa: ARG002 - as above
        self._backend.cancel(caller(), task_id, preconditions)
