"""Recognizes pages that have only the preview of their site.

Some sites give each page the title and the picture of their front page, at least to programs.
"""

import msgspec
from splitflap_core.contracts import PreviewFields

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.site_name import is_of_host
from splitflap_scraper.preview.fields.title_text import parts
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.urls import have_same_host, is_front_page

#: Characters read of a title.
MAX_TITLE = 300

#: Labels of a host, from its end, that may be a title.
MAX_LABELS = 5

#: The fields that describe a page, and not its site.
_OF_PAGE = (
    "title", "description", "image", "image_width", "image_height", "image_alt", "card", "author",
    "published_at", "canonical",
)  # fmt: skip


def has_site_card(page: Document, found: PreviewFields, *, is_known: bool) -> bool:
    """Whether the fields of a page are those of its site.

    `is_known` marks a page in the list of providers of oEmbed. Its title may then be the site's
    name with a motto.
    """
    if is_front_page(page.url):
        return False
    if (
        found.canonical
        and is_front_page(found.canonical)
        and have_same_host(found.canonical, page.url)
    ):
        return True
    title = found.title or ""
    if title and (key(title) in _names(page.url, found) or is_of_host(title, page.url)):
        return True
    return is_known and not found.canonical and _has_motto(page)


def of_site(found: PreviewFields) -> PreviewFields:
    """Return the fields of the site alone."""
    return msgspec.structs.replace(found, **dict.fromkeys(_OF_PAGE))


def _names(url: str, found: PreviewFields) -> set[str]:
    """Return the name of a site and the labels of its host, as keys."""
    host = url.partition("//")[2].partition("/")[0].partition(":")[0]
    labels = host.split(".")[-MAX_LABELS:-1]
    return set(filter(None, map(key, (found.site_name or "", *labels))))


def _has_motto(page: Document) -> bool:
    """Whether a title begins with the name of the site."""
    texts = [*page.meta("og:title")[:1], *page.titles[:1]]
    titles = [parts(plain(text, MAX_TITLE) or "") for text in texts]
    return any(len(each) > 1 and is_of_host(each[0], page.url) for each in titles)
