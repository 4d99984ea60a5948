"""The seam between the ingest of outcomes and the kinds of job."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from splitflap_core.kinds import KindSpec
from splitflap_core.urls.addresses import AddressRules
from sqlalchemy import Connection

from splitflap_api.domain.changes import Changes, NewTask, PreviewRequest
from splitflap_api.domain.jobs.finished import FinishedJob


@dataclass(frozen=True)
class BacklogLimit:
    """When an account's jobs of a kind are too old, so that the API refuses its new work."""

    #: The end of the message to clients: "its earlier work is ...".
    doing: str
    #: Jobs of an account that may be older than the limit; one more is too many. A single stuck
    #: job is harmless.
    tolerated: int
    #: The limit in units of `SPLITFLAP_MAX_UNFINISHED_AGE`.
    ages: float = 1


class JobKind(ABC):
    """The API's part of a kind. Its methods run in the order of locks, each for a whole batch."""

    spec: ClassVar[KindSpec[Any, Any]]
    backlog: ClassVar[BacklogLimit]

    #: Whether several tasks may wait for one job. The subject of such a job is a preview's URL, its
    #: outcome belongs to the preview, and its waiters end in chunks (domain/fan_in.py). The outcome
    #: of any other job goes into the final response of its one task.
    shared: ClassVar[bool] = False

    @abstractmethod
    def checked(self, result: Any, rules: AddressRules) -> Any:
        """Check a result beyond its bounds, and return it with canonical URLs.

        Raises:
            BrokenMessage: no worker of this release sends it.
        """

    def preview_requests(self, finished: Sequence[FinishedJob]) -> list[PreviewRequest]:  # noqa: ARG002 - most kinds have none
        """Requests for previews in these results."""
        return []

    def write_previews(  # noqa: B027 - most kinds have none
        self, tx: Connection, changes: Changes, finished: Sequence[FinishedJob]
    ) -> None:
        """Write the previews of these jobs. Their rows are locked."""

    def write_posts(  # noqa: B027 - as above
        self, tx: Connection, changes: Changes, finished: Sequence[FinishedJob]
    ) -> None:
        """Write the posts of these jobs, or gather their rows. The tasks are locked."""

    def is_dead_letter(self, finished: FinishedJob) -> bool:
        """Whether the job is listed as a dead letter."""
        return finished.exhausted

    @abstractmethod
    def replay(self, tx: Connection, changes: Changes, letter: Any) -> NewTask:
        """Add a new job for a dead letter. Returns its task, which the transaction inserts.

        The end of the task finishes posts and previews, as after a client's request.

        Raises:
            Problem: conflict, if the job would have no effect.
        """
