"""The canonical URL of a page."""

from splitflap_core.urls.addresses import AddressRules

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.urls import shown_reference

#: URLs tried. Real pages have one or two.
MAX_TRIED = 5


def canonical(page: Document, rules: AddressRules) -> str | None:
    """Return the URL that the page declares for itself, absolute and public, or None."""
    references = [each.get("href") for each in page.linked("canonical")] + page.meta("og:url")
    for reference in references[:MAX_TRIED]:
        if url := shown_reference(page, reference, rules):
            return url
    return None
