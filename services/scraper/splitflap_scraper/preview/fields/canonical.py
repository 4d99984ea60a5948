"""The canonical URL of a page."""

from collections.abc import Sequence

from splitflap_scraper.fetch.targets.addresses import Network
from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.image import may_be_shown


def canonical(page: Document, allowed: Sequence[Network]) -> str | None:
    """Return the URL that the page declares for itself, absolute and public, or None."""
    references = [each.get("href") for each in page.linked("canonical")] + page.meta("og:url")
    for reference in references:
        url = page.resolved(reference)
        if url and may_be_shown(url, allowed):
            return url
    return None
