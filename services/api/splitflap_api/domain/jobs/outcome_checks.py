"""The entry check of outcomes: the one place that decides what a worker's message may contain.

Workers handle hostile texts and pages, so one may be broken into and send anything (docs/adr/0020).
`OutcomeReader` checks a message by itself, before any transaction. `check_fits` compares it with
its job's row.
"""

from msgspec import Raw
from msgspec.structs import replace
from splitflap_core.contracts import (
    BrokenMessage,
    JobOutcome,
    decode_job_outcome,
    decode_payload,
    encode,
)
from splitflap_core.kinds import KINDS
from splitflap_core.outcomes import Done
from splitflap_core.urls.addresses import AddressRules

from splitflap_api.domain.changes import Row
from splitflap_api.domain.jobs.kinds import JOB_KINDS


class OutcomeReader:
    """Reads outcomes."""

    def __init__(self, rules: AddressRules) -> None:
        """`rules` are those for the addresses that a preview may show."""
        self._rules = rules

    def read(self, body: bytes) -> JobOutcome:
        """Decode and check an outcome. Its URLs get their canonical form.

        Raises:
            BrokenMessage: the message is beyond a bound, or no worker of this release sends it.
        """
        outcome = decode_job_outcome(body)
        if not isinstance(outcome.outcome, Done):
            return outcome
        result = decode_payload(outcome.outcome.result, KINDS[outcome.kind].result_type)
        checked = JOB_KINDS[outcome.kind].checked(result, self._rules)
        if checked is result:
            return outcome
        return replace(outcome, outcome=Done(Raw(encode(checked))))


def check_fits(outcome: JobOutcome, job: Row) -> None:
    """Check that an outcome belongs to its job.

    Raises:
        BrokenMessage: it is of another kind, or of an attempt that has not begun.
    """
    if outcome.kind != job["kind"]:
        raise BrokenMessage(f"a {outcome.kind} outcome for the {job['kind']} job {job['id']}")
    if outcome.attempt > job["attempt"]:
        raise BrokenMessage(
            f"attempt {outcome.attempt} of the job {job['id']}, which is at {job['attempt']}"
        )
