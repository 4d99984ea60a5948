"""The four things a worker can say of a job.

`Done`, `RetryLater` and `Failed` travel to the API as messages. `SlowDown` stays in the
worker: it is backpressure, and says that the worker, not the job, needs time.
"""

import msgspec


class Done(msgspec.Struct, tag="done", tag_field="outcome"):
    """The job is finished; `result` is the JSON of the kind's result type."""

    result: msgspec.Raw


class RetryLater(msgspec.Struct, tag="retry_later", tag_field="outcome"):
    """The job may succeed later: publish it again in `after` seconds."""

    after: float
    reason: str


class Failed(msgspec.Struct, tag="failed", tag_field="outcome"):
    """The job will not succeed: `reason` is one of the kind's documented words.

    `keep` is how long (seconds) the failure stays known before it may be tried anew.
    """

    reason: str
    detail: str = ""
    keep: float | None = None


Outcome = Done | RetryLater | Failed


class SlowDown(Exception):
    """The worker cannot take this job now; it takes none for `after` seconds."""

    def __init__(self, after: float, reason: str) -> None:
        super().__init__(f"{reason}; pausing for {after} s")
        self.after = after
        self.reason = reason
