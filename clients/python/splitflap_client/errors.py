"""What a call may raise."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import requests

    from splitflap_client.models import FieldError


#: The type of an error page that is no problem, by RFC 9457.
NO_TYPE = "about:blank"


class BadAddress(ValueError):
    """The address of the API is no URL of http or https."""


class SplitflapError(Exception):
    """The base of all errors of this package."""


class Unreachable(SplitflapError):
    """The connection failed, or no response came in time."""


class NoSplitflap(SplitflapError):
    """The response is not one of a Splitflap: check the address."""


class StillRunning(SplitflapError):
    """The task has not ended in time. It goes on: read it later by `task_id`."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"task {task_id} is still running")
        self.task_id = task_id


class BadWebhook(SplitflapError):
    """The delivery is not from the holder of the secret, is altered, or is too old."""


class Problem(SplitflapError):
    """The API refused the request, or the task has failed (RFC 9457).

    Each type of problem has a class in `splitflap_client.problems`. An error page of a proxy, and
    a type that this release does not know, are of this class itself.
    """

    def __init__(
        self,
        response: requests.Response,
        *,
        type_: str,
        title: str,
        detail: str,
        errors: list[FieldError],
        reason: str | None,
    ) -> None:
        super().__init__(f"{title} ({response.status_code}): {detail}")
        self.response = response
        self.status = response.status_code
        #: Path of the page about this type of problem; NO_TYPE for an error page of a proxy.
        self.type = type_
        self.title = title
        self.detail = detail
        #: The fields of the request that are wrong.
        self.errors = errors
        #: Why a text was not rendered.
        self.reason = reason
