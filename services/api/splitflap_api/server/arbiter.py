"""gunicorn's arbiter, with a fork that loses no signal.

A new worker patches the standard library before it handles signals. Until then it has the arbiter's
handlers, which would swallow a stop: the arbiter would wait for the worker until it kills it.
"""

import signal

from gunicorn.arbiter import Arbiter

#: Signals that stop a worker.
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT}


class SignalSafeArbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """Blocks the stop signals over the fork. The worker unblocks them once it handles them."""

    def spawn_worker(self) -> int:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        # In the worker this call does not return.
        pid: int = super().spawn_worker()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return pid
