"""The three outcomes of an attempt at a job, and SlowDown.

`Done`, `RetryLater` and `Failed` go to the API as messages. `SlowDown` stays in the worker. It is
backpressure: the worker is full, and the job is fine.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

#: One of the kind's documented words.
Reason = Annotated[str, Meta(pattern=r"\A[a-z][a-z0-9_]{0,49}\Z")]

#: Seconds until a retry.
Delay = Annotated[float, Meta(ge=0, le=86_400)]


class Done(msgspec.Struct, tag="done", tag_field="outcome"):
    """The job is finished. `result` is the JSON of the kind's result type."""

    result: msgspec.Raw


class RetryLater(msgspec.Struct, tag="retry_later", tag_field="outcome"):
    """The job may succeed later. The API publishes it again after `after` seconds."""

    after: Delay
    reason: Reason


class Failed(msgspec.Struct, tag="failed", tag_field="outcome"):
    """The job cannot succeed. `reason` is one of the kind's documented words.

    The API remembers the failure for `keep` seconds; later a new job may try again.
    """

    reason: Reason
    detail: Annotated[str, Meta(max_length=1000)] = ""
    keep: Annotated[float, Meta(ge=0, le=604_800)] | None = None


Outcome = Done | RetryLater | Failed


class SlowDown(Exception):
    """The worker is full. It takes no jobs for `after` seconds."""

    def __init__(self, after: float, reason: str) -> None:
        super().__init__(f"{reason}; pausing for {after} s")
        self.after = after
        self.reason = reason
