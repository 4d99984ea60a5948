"""The limits of the accounts that a key acts for, beside those of the key."""

from splitflap_api.contract.paths import makes_work
from splitflap_api.contract.problems import Problem
from splitflap_api.overload.account_backlogs import AccountBacklogs
from splitflap_api.overload.rate import RateLimiter


class ActingLimits:
    """Counts the requests of each account, as admission does for keys."""

    def __init__(self, rate: float, accounts: AccountBacklogs) -> None:
        """`rate` in requests per second; 0 is no limit."""
        self._limiter = RateLimiter(rate)
        self._accounts = accounts

    def check(self, account: str, method: str, path: str, *, low: bool) -> None:
        """Count a request for an account.

        Raises:
            Problem: rate-limited or backlog.
        """
        backlog = self._accounts.of(account, low=low) if makes_work(method, path) else None
        if backlog and backlog.exceeds_limit:
            raise backlog.problem()
        if wait := self._limiter.wait_for(account):
            detail = f"more than {self._limiter.rate:g} requests a second for one account"
            raise Problem("rate-limited", detail, headers={"Retry-After": str(wait)})
