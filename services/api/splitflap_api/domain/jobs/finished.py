"""The end of a job, by its last report."""

from dataclasses import dataclass
from typing import Any

from splitflap_core.contracts import BrokenMessage, decode_payload
from splitflap_core.kinds import KINDS
from splitflap_core.outcomes import Begun, Done, Failed, Report, RetryLater

from splitflap_api.domain.changes import Row


@dataclass
class FinishedJob:
    """A job with its final outcome. `result` is the kind's result type for Done, else None.

    `exhausted` marks an end by attempts, without a worker's final outcome.
    """

    job: Row
    outcome: Done | Failed
    result: Any = None
    exhausted: bool = False

    @property
    def id(self) -> str:
        """The job's id."""
        id_: str = self.job["id"]
        return id_

    @property
    def reason(self) -> str:
        """Why it failed; empty for Done."""
        return self.outcome.reason if isinstance(self.outcome, Failed) else ""


def finish(job: Row, report: Report) -> FinishedJob:
    """A job with its last report. A RetryLater or a Begun after the last attempt counts as Failed.

    Raises:
        BrokenMessage: the result does not fit the job's kind.
    """
    if isinstance(report, Begun) or (
        isinstance(report, RetryLater) and report.progress == "untouched"
    ):
        failed = Failed("attempts", "each worker that began it died")
        return FinishedJob(job, failed, exhausted=True)
    if isinstance(report, RetryLater):
        failed = Failed(report.reason, "given up after its last attempt")
        return FinishedJob(job, failed, exhausted=True)
    if isinstance(report, Failed):
        return FinishedJob(job, report)
    result_type: type[Any] = KINDS[job["kind"]].result_type
    try:
        return FinishedJob(job, report, decode_payload(report.result, result_type))
    except BrokenMessage as error:
        raise BrokenMessage(f"the result of job {job['id']} is invalid: {error}") from error
