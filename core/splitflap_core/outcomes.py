"""The three outcomes of a job at a worker, its notice `Begun`, and SlowDown.

`Done`, `RetryLater` and `Failed` go to the API as messages. So does `Begun`, before the outcome.
`SlowDown` stays in the worker. It is backpressure: the worker is full, and the job is fine.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

#: One of the kind's documented words.
Reason = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,49}\Z")]

#: Seconds until a retry.
Delay = Annotated[float, Meta(ge=0, le=86_400)]

#: How far a worker came before it asked for a retry. Waiting is no attempt.
#:
#: - `tried`: the attempt failed. It counts.
#: - `waited`: the worker took the job, but could only wait: a host's limits, a full lane, no CPU.
#: - `untouched`: the worker has not begun the job.
Progress = Literal["tried", "waited", "untouched"]


class Done(msgspec.Struct, tag="done", tag_field="outcome"):
    """The job is finished. `result` is the JSON of the kind's result type."""

    result: msgspec.Raw


class RetryLater(msgspec.Struct, tag="retry_later", tag_field="outcome", omit_defaults=True):
    """The job may succeed later. The API publishes it again after `after` seconds."""

    after: Delay
    reason: Reason
    progress: Progress = "tried"


class Failed(msgspec.Struct, tag="failed", tag_field="outcome"):
    """The job cannot succeed. `reason` is one of the kind's documented words.

    The API remembers the failure for `keep` seconds; later a new job may try again.
    """

    reason: Reason
    detail: Annotated[str, Meta(max_length=1000)] = ""
    keep: Annotated[float, Meta(ge=0, le=604_800)] | None = None


class Begun(msgspec.Struct, tag="begun", tag_field="outcome"):
    """A worker has begun a job that came back. The outcome follows, unless the worker dies."""


Outcome = Done | RetryLater | Failed

#: What a worker says about a job.
Report = Outcome | Begun


class SlowDown(Exception):
    """The worker is full. It takes no jobs for `after` seconds."""

    def __init__(self, after: float, reason: str) -> None:
        super().__init__(f"{reason}; pausing for {after} s")
        self.after = after
        self.reason = reason
