"""The back end of the asynchronous request: calls share commits and reads, and wait for tasks."""

import time
from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from asyncrequest import Preconditions, Submission, TaskState
from splitflap_api.domain.access.keys import Caller
from splitflap_api.domain.commands import Command
from splitflap_api.domain.operator.audit import Note, unnoted
from splitflap_api.domain.task_state import LargeTask
from splitflap_api.loops.batcher import Batcher, expiry_of
from splitflap_api.loops.long_requests.task_waits import TaskWaits
from splitflap_api.loops.waiters import Waiters
from splitflap_api.transactions.accept import TaskTransactions

#: Seconds for which reads gather. Less than for commits, because a read costs less.
READS_GATHER = 0.004


class Acceptor:
    """Accepts requests, and reads and waits for their tasks."""

    def __init__(self, transactions: TaskTransactions, waiters: Waiters | None = None) -> None:
        """`waiters` lets requests wait for their commit and their task: threads, unless given."""
        self._transactions = transactions
        self._commits: Batcher[Submission[Command], TaskState | LargeTask] = Batcher(
            "commits", transactions.commit, waiters, size_of=lambda each: each.work.size
        )
        self._reads: Batcher[tuple[Caller, str], TaskState | LargeTask] = Batcher(
            "task-reads", transactions.read, waiters, gather=READS_GATHER, inline_when_idle=True
        )
        self._expiry = expiry_of(self._commits, self._reads)
        self.waits = TaskWaits(transactions.ended, waiters)

    def start(self) -> None:
        """Answer calls from now on."""
        self._commits.start()
        self._reads.start()
        self._expiry.start()
        self.waits.start()

    def stop(self, timeout: float) -> None:
        """Finish the waiting calls, and take no more."""
        end = time.monotonic() + timeout
        self.waits.request_stop()
        self._commits.stop(timeout)
        self._reads.stop(max(0.0, end - time.monotonic()))
        self._expiry.request_stop()

    def complaint(self) -> str | None:
        """A health check: reports a stuck run."""
        loops = (self._commits, self._reads, self._expiry, self.waits)
        return next((found for each in loops if (found := each.complaint())), None)

    def accept(self, submission: Submission[Command]) -> TaskState:
        own = submission.work.own_transaction
        commit = self._transactions.commit_one if own else self._commits
        try:
            answer = commit(submission)
        except IntegrityError:
            # Another replica has committed this idempotency key. The second try finds it.
            answer = commit(submission)
        return self._whole(None, answer)

    def get(self, caller: Caller, task_id: str) -> TaskState:
        return self._whole(caller, self._reads((caller, task_id)))

    def wait(
        self,
        caller: Caller,
        task_id: str,
        seconds: float,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> TaskState:
        """As the protocol. The wait also ends with the key, or once the client `is_gone`."""
        with self.waits.waiting(task_id, caller.credential_id, seconds, is_gone) as waiter:
            state = self.get(caller, task_id)
            if state.final or seconds <= 0:
                return state
            waiter.wait()
        return self.get(caller, task_id)

    def wake(self) -> None:
        """Look for tasks that have ended, after a change in the database."""
        self.waits.wake()

    def cancel(self, caller: Caller, task_id: str, preconditions: Preconditions) -> None:
        self._transactions.cancel(caller, task_id, preconditions)

    def delete_post(
        self, post_id: str, caller: Caller, preconditions: Preconditions, note: Note = unnoted
    ) -> None:
        """Delete a post.

        Raises:
            Problem: not-found or forbidden.
            PreconditionFailed: the post has another ETag now.
        """
        self._transactions.delete_post(post_id, caller, preconditions, note)

    def _whole(self, caller: Caller | None, answer: TaskState | LargeTask) -> TaskState:
        """The state of a task, with its final response of any size."""
        if isinstance(answer, LargeTask):
            return self._transactions.read_large(caller, answer.id)
        return answer
