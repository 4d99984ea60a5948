"""What an outcome makes of its job: a retry, or an end with its rows."""

from dataclasses import dataclass
from typing import Any

from splitflap_core.contracts import BrokenMessage, ScrapeResult, decode_payload
from splitflap_core.kinds import KINDS
from splitflap_core.outcomes import Done, Failed, Outcome, RetryLater
from uuid_utils import uuid7

from splitflap_api.domain.changes import Row
from splitflap_api.domain.posts import Rendered

#: Seconds that a preview or its failure is taken as fresh where the worker does not say.
KEEP_READY = 86_400
KEEP_FAILED = 600

#: Characters of a reason that are kept: of a preview's, and of a dead letter's.
PREVIEW_REASON = 50
DEAD_REASON = 500


@dataclass
class FinishedJob:
    """A job with its final outcome; `result` is decoded for Done.

    `exhausted` says that no worker gave this outcome: attempts or time were used up.
    """

    job: Row
    outcome: Done | Failed
    result: Any = None
    exhausted: bool = False

    @property
    def reason(self) -> str:
        """Why it failed; empty where it did not."""
        return self.outcome.reason if isinstance(self.outcome, Failed) else ""

    @property
    def made_post(self) -> bool:
        """Whether a post's text was rendered."""
        return isinstance(self.outcome, Done) and self.job["subject"] is not None

    @property
    def is_dead(self) -> bool:
        """Whether it is listed: it ended without a worker's answer, or it is a text's failure."""
        return self.exhausted or (
            self.job["kind"] == "render" and not isinstance(self.outcome, Done)
        )

    def rendered(self) -> Rendered:
        """What a render made of a post."""
        return Rendered(
            post_id=self.job["subject"],
            revision=self.job["revision"],
            task_id=self.job["task_id"],
            result=self.result,
            traceparent=self.job["traceparent"],
        )

    def preview(self, now: int) -> Row:
        """A scrape's preview, or its failure."""
        result = self.result or ScrapeResult()
        failed = self.outcome if isinstance(self.outcome, Failed) else None
        keep = (failed.keep if failed else result.keep) or (KEEP_FAILED if failed else KEEP_READY)
        return {
            "url": self.job["subject"],
            "job_id": self.job["id"],
            "state": "failed" if failed else "ready",
            "reason": failed.reason[:PREVIEW_REASON] if failed else None,
            "title": result.title,
            "description": result.description,
            "image": result.image,
            "site_name": result.site_name,
            "author": result.author,
            "published_at": result.published_at,
            "language": result.language,
            "type": result.type,
            "icon": result.icon,
            "canonical": result.canonical,
            "image_width": result.image_width,
            "image_height": result.image_height,
            "fetched_at": now,
            "expires_at": now + int(keep * 1000),
        }

    def dead_letter(self, now: int) -> Row:
        """As it is listed."""
        return {
            "id": str(uuid7()),
            "queue": self.job["kind"],
            "job_id": self.job["id"],
            "subject": self.job["subject"],
            "revision": self.job["revision"],
            "reason": self.reason[:DEAD_REASON],
            "body": self.job["payload"].encode(),
            "created_at": now,
        }


def end(job: Row, outcome: Outcome, *, exhausted: bool) -> FinishedJob:
    """A job's end. Who asks for one more try has had the last.

    Raises:
        BrokenMessage: the result does not fit the job's kind.
    """
    if isinstance(outcome, RetryLater):
        failed = Failed(outcome.reason, "given up after its last attempt")
        return FinishedJob(job, failed, exhausted=True)
    if isinstance(outcome, Failed):
        return FinishedJob(job, outcome, exhausted=exhausted)
    kind: type[Any] = KINDS[job["kind"]].result_type
    try:
        return FinishedJob(job, outcome, decode_payload(outcome.result, kind))
    except BrokenMessage as error:
        raise BrokenMessage(f"result of job {job['id']}: {error}") from error


def retried(job: Row, outcome: RetryLater, now: int) -> Row:
    """The columns of a job's next attempt."""
    return {
        "id": job["id"],
        "attempt": job["attempt"] + 1,
        "due_at": now + int(max(0.0, outcome.after) * 1000),
        "dispatched_at": None,
    }
