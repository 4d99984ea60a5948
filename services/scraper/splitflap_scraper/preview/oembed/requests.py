"""Requests to endpoints of oEmbed: about pages that say too little, or refuse the scraper.

Each one costs the site another request. It belongs to the visit of its page, with all checks.
"""

from splitflap_core.contracts import PreviewFields
from splitflap_core.urls.addresses import AddressRules

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.fetcher import Visit
from splitflap_scraper.fetch.http.reader import OK, Head
from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.details.players import Players
from splitflap_scraper.preview.oembed.answer import (
    Answer,
    answer_of,
    has_title,
    merged,
    words,
)
from splitflap_scraper.preview.oembed.providers import Providers, discovered
from splitflap_scraper.preview.oembed.site_card import has_site_card, of_site

#: Bytes of an answer.
MAX_ANSWER = 64 * 1024

#: Failures after which a provider may still describe the page: its site has refused the scraper, or
#: is overloaded. Statuses of class 5xx are among them.
REFUSALS = frozenset({"robots", "wall", "closed", "http_400", "http_401", "http_403", "http_405",
                      "http_406", "http_429", "http_451"})  # fmt: skip


class AnswerReader:
    """Reads an answer, which is small."""

    max_bytes = MAX_ANSWER

    def __init__(self, head: Head) -> None:
        self.head = head
        self.data = b""

    def feed(self, data: bytes, *, final: bool) -> bool:
        self.data += data
        return final or len(self.data) >= self.max_bytes

    @property
    def found(self) -> bool:
        return False


class OembedRequests:
    """Asks the endpoints of pages and of known providers."""

    def __init__(self, providers: Providers, players: Players, rules: AddressRules) -> None:
        self._providers = providers
        self._players = players
        self._rules = rules

    def completed(
        self, visit: Visit, url: str, page: Document, head: Head, found: PreviewFields
    ) -> PreviewFields:
        """Add the answer about a page without title or image, or with its site's card."""
        known = self._endpoint(visit, url)
        is_of_site = has_site_card(page, found, is_known=known is not None)
        if found.title and found.image and not is_of_site:
            return found
        # The page's own link to oEmbed beats the list of providers.
        endpoint = discovered(page, head.headers) or known
        try:
            answer = _answer(visit, endpoint)[0] if endpoint else None
        except FetchError:
            # The page's own metadata still count.
            return found
        if answer is None:
            return found
        # An answer with the same title confirms the page's card.
        if is_of_site and _describes(answer) and not has_title(answer, found.title):
            found = of_site(found)
        return merged(found, answer, self._players, self._rules)

    def of_refused(
        self, visit: Visit, url: str, error: FetchError
    ) -> tuple[PreviewFields, float] | None:
        """Return the preview of a page that failed, by a known provider, and its time in seconds.

        Raises:
            FetchError: `busy`. The provider is asked once it is its host's turn.
        """
        is_refusal = error.reason in REFUSALS or error.reason.startswith("http_5")
        endpoint = self._endpoint(visit, url) if is_refusal else None
        try:
            answer, keep = _answer(visit, endpoint) if endpoint else (None, 0.0)
        except FetchError as failure:
            if failure.reason == "busy":
                raise
            return None
        if answer is None or not _describes(answer):
            return None
        return merged(PreviewFields(), answer, self._players, self._rules), keep

    def _endpoint(self, visit: Visit, url: str) -> str | None:
        """Return a known provider's URL about a page, or about a target of its redirects."""
        found = (self._providers.endpoint(each) for each in (url, *visit.urls))
        return next((each for each in found if each), None)


def _answer(visit: Visit, endpoint: str) -> tuple[Answer | None, float]:
    """Return the answer of an endpoint, if it is one, and the seconds for which it is fresh.

    Raises:
        FetchError: as `Visit.get`.
    """
    result = visit.get(endpoint, _answer_reader)
    return answer_of(result.reader.data), result.keep


def _describes(answer: Answer) -> bool:
    """Whether an answer is enough for a preview by itself."""
    return bool(answer.get("title") or words(answer))


def _answer_reader(head: Head) -> AnswerReader | None:
    return AnswerReader(head) if head.status == OK else None
