"""The back end of the asynchronous request: calls share commits and reads, and wait for tasks."""

import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import IntegrityError

from asyncrequest import Preconditions, Submission, TaskState
from splitflap_api.domain.commands import Command
from splitflap_api.domain.task_state import LargeTask
from splitflap_api.loops.batcher import Batcher, expiry_of
from splitflap_api.loops.waiters import Waiters
from splitflap_api.transactions.accept import TaskTransactions

#: Seconds for which reads gather. Less than for commits, because a read costs less.
READS_GATHER = 0.004

#: Seconds between reads of a task for a waiting client. They find the end of a task on another
#: replica, also if its wake-up was lost.
READ_EVERY = 0.25


class Acceptor:
    """The task backend for the decorator of asynchronous requests."""

    def __init__(self, transactions: TaskTransactions, waiters: Waiters | None = None) -> None:
        """`waiters` lets requests wait for their commit: threads, unless given."""
        self._transactions = transactions
        self._commits: Batcher[Submission[Command], TaskState | LargeTask] = Batcher(
            "commits", transactions.commit, waiters, size_of=lambda each: each.work.size
        )
        self._reads: Batcher[tuple[str, str], TaskState | LargeTask] = Batcher(
            "task-reads", transactions.read, waiters, gather=READS_GATHER, inline_when_idle=True
        )
        self._expiry = expiry_of(self._commits, self._reads)
        self._woken = threading.Condition()
        self._generation = 0
        self._ending = False

    def start(self) -> None:
        """Answer calls from now on."""
        self._commits.start()
        self._reads.start()
        self._expiry.start()

    def stop(self, timeout: float) -> None:
        """Finish the waiting calls, and take no more."""
        end = time.monotonic() + timeout
        self._commits.stop(timeout)
        self._reads.stop(max(0.0, end - time.monotonic()))
        self._expiry.request_stop()

    def alive(self) -> str | None:
        """A health check: reports a stuck run."""
        return self._commits.alive() or self._reads.alive() or self._expiry.alive()

    @property
    def waiting_commits(self) -> int:
        """How many requests wait for a commit."""
        return self._commits.waiting

    def accept(self, submission: Submission[Command]) -> TaskState:
        own = submission.work.own_transaction
        commit = self._transactions.commit_one if own else self._commits
        try:
            answer = commit(submission)
        except IntegrityError:
            # Another replica has committed this idempotency key. The second try finds it.
            answer = commit(submission)
        return self._whole(submission.account, answer)

    def get(self, account: str, task_id: str) -> TaskState:
        return self._whole(account, self._reads((account, task_id)))

    def wait(
        self,
        account: str,
        task_id: str,
        seconds: float,
        may_wait: Callable[[], bool] = lambda: True,
    ) -> TaskState:
        """As the protocol. The wait also ends once `may_wait` is false, asked every READ_EVERY."""
        deadline = time.monotonic() + seconds
        while True:
            generation = self._generation
            state = self.get(account, task_id)
            left = deadline - time.monotonic()
            if state.final or left <= 0 or self._ending or not may_wait():
                return state
            self._wait_for_change(generation, min(left, READ_EVERY))

    def wake(self) -> None:
        """Let waiting requests read their tasks again, after a change in the database."""
        with self._woken:
            self._generation += 1
            self._woken.notify_all()

    def end_waits(self) -> None:
        """Answer all present and later waits at once, with the running tasks."""
        self._ending = True
        self.wake()

    def cancel(self, account: str, task_id: str, preconditions: Preconditions) -> None:
        self._transactions.cancel(account, task_id, preconditions)

    def delete_post(
        self, post_id: str, account: str, preconditions: Preconditions, *, admin: bool
    ) -> None:
        """Delete a post.

        Raises:
            Problem: not-found or forbidden.
            PreconditionFailed: the post has another ETag now.
        """
        self._transactions.delete_post(post_id, account, preconditions, admin=admin)

    def _whole(self, account: str, answer: TaskState | LargeTask) -> TaskState:
        """The state of a task, with its final response of any size."""
        if isinstance(answer, LargeTask):
            return self._transactions.read_large(account, answer.id)
        return answer

    def _wait_for_change(self, generation: int, seconds: float) -> None:
        with self._woken:
            self._woken.wait_for(lambda: self._generation != generation, seconds)
