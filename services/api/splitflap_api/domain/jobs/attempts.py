"""How a job goes on after a report that does not end it: begun, tried, waited or untouched.

An attempt is what a worker has begun. Two counts end a job: `attempt` counts the attempts that a
worker ended with a RetryLater, and `begun` counts the begins without an end, because a job may kill
its worker. Waiting is in neither of them.
"""

from splitflap_core.kinds import MAX_ATTEMPTS, MAX_BEGINS, MAX_RETRY_DELAY
from splitflap_core.outcomes import Begun, Report, RetryLater

from splitflap_api.domain.changes import Row

#: Seconds until a job that the broker gave back is due again, the first time.
RETURNED_AFTER = 1.0

#: Longest delay of a job that came back untouched, in seconds.
RETURNED_AT_MOST = 30.0


def is_last(job: Row, report: Report) -> bool:
    """Whether this report of a job uses up its last attempt."""
    match report:
        case Begun() | RetryLater(progress="untouched"):
            return bool(job["begun"] >= MAX_BEGINS)
        case RetryLater(progress="tried"):
            return bool(job["attempt"] >= MAX_ATTEMPTS)
        case _:
            return False


def retried(job: Row, later: RetryLater, now: int) -> Row:
    """The columns of a job after a worker's RetryLater."""
    if later.progress == "untouched":
        return returned(job, later.after, now)
    tried = later.progress == "tried"
    due_at = now + _milliseconds(later.after)
    return {
        "id": job["id"],
        "attempt": job["attempt"] + tried,
        "returns": 0 if tried else job["returns"] + 1,
        "begun": 0,
        "waiting_since": due_at,
        "first_dispatched_at": None,
        "due_at": due_at,
        "dispatched_at": None,
    }


def returned(job: Row, after: float, now: int) -> Row:
    """The columns of a job that came back untouched. Its wait goes on, and each delay is longer."""
    delay = max(after, min(after * 2 ** min(job["returns"], 10), RETURNED_AT_MOST))
    return {
        "id": job["id"],
        "attempt": job["attempt"],
        "returns": job["returns"] + 1,
        "begun": job["begun"],
        "waiting_since": job["waiting_since"],
        "first_dispatched_at": job["first_dispatched_at"],
        "due_at": now + _milliseconds(delay),
        "dispatched_at": None,
    }


def _milliseconds(seconds: float) -> int:
    return int(min(max(0.0, seconds), MAX_RETRY_DELAY) * 1000)
