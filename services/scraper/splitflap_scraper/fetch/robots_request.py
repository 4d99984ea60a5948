"""Fetches the robots.txt of a site."""

from splitflap_scraper.fetch.allowance import Allowance
from splitflap_scraper.fetch.deadline import Deadline
from splitflap_scraper.fetch.errors import FetchError, Transient
from splitflap_scraper.fetch.politeness.robots import ALLOW_ALL, RobotsReader, product_of
from splitflap_scraper.fetch.politeness.robots_cache import KEEP_CLOSED, RobotsAnswer
from splitflap_scraper.fetch.request import FetchResult, NotModified, Requester
from splitflap_scraper.fetch.request_fields import RequestFields
from splitflap_scraper.fetch.targets.urls import Target

#: Redirects followed for a robots.txt (RFC 9309, section 2.3.1.2).
MAX_REDIRECTS = 5


class RobotsRequest:
    """Fetches the rules for the user agent of a site."""

    def __init__(self, requester: Requester, request_fields: RequestFields) -> None:
        self._requester = requester
        self._request_fields = request_fields

    def __call__(
        self, robots_txt: Target, deadline: Deadline, allowance: Allowance
    ) -> RobotsAnswer:
        """Fetch a robots.txt over its redirects.

        Raises:
            FetchError: the first request failed, a redirect timed out, its host is busy, or the
                allowance is used up.
        """
        target = robots_txt
        for hop in range(1 + MAX_REDIRECTS):
            allowance.spend()
            try:
                answer = self._requester.send(target, deadline, RobotsReader)
            except FetchError as error:
                # The failure of the first request would be the failure of the page too.
                if not hop or error.reason in {"timeout", "busy"}:
                    raise
                is_closed = isinstance(error, Transient)
                return RobotsAnswer(None if is_closed else ALLOW_ALL, KEEP_CLOSED)
            if isinstance(answer, Target):
                target = answer
            else:
                return self._rules_in(
                    answer, product_of(self._request_fields.user_agent(robots_txt))
                )
        return RobotsAnswer(ALLOW_ALL, KEEP_CLOSED)

    def _rules_in(
        self, answer: FetchResult[RobotsReader] | NotModified, product: str
    ) -> RobotsAnswer:
        assert isinstance(answer, FetchResult), "the request has no condition"  # noqa: S101 - mypy
        rules = answer.reader.rules(product)
        return RobotsAnswer(rules, answer.keep if rules else KEEP_CLOSED)
