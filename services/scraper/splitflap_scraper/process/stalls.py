"""Excuses jobs that fail while the process stalls, each of them once.

A page may cause the stall itself. Without a bound, its job would return for ever.
"""

from collections.abc import Callable

from splitflap_scraper.fetch.bounded_cache import BoundedCache

#: Excused jobs that the process remembers.
MAX_JOBS = 10_000


class Stalls:
    """The stalls of this process, and the jobs that had no chance because of them."""

    def __init__(self, stalled_since: Callable[[float], bool]) -> None:
        """`stalled_since`: whether the process has stalled since a time of the monotonic clock."""
        self._stalled_since = stalled_since
        self._excused: BoundedCache[str, bool] = BoundedCache(MAX_JOBS)

    def excuse(self, job: str, began: float) -> bool:
        """Whether a job that began at this time had no chance. The answer is yes once a job."""
        if self._excused.get(job) or not self._stalled_since(began):
            return False
        self._excused.put(job, value=True)
        return True
