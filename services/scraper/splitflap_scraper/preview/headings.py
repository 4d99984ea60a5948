"""The headings of a page that may be its title, without those of its site."""

import re
from urllib.parse import urlsplit

from splitflap_scraper.page.document import Document, Element
from splitflap_scraper.page.markup import attributes
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.urls import is_front_page

#: Classes and ids of headings with the site's name.
_LOGO = re.compile(
    r"(?i)(?:^|[\s_-])(?:logo\w*|(?:site|blog|header|web)[_-]?(?:title|name|logo)|brand\w*)(?:$|[\s_-])"
)
_LINK = re.compile(r"\s*<a\s[^<>]{1,1000}>", re.IGNORECASE)
_IMAGE = re.compile(r"<img\s[^<>]{1,2000}>", re.IGNORECASE)
#: Signs of a link to the heading itself.
_ANCHORS = "\u00b6\u00a7\U0001f517"


def headings(page: Document) -> list[str]:
    """Return the headings of the page, those of its article first."""
    usable = [
        each
        for each in page.headings
        if not each.region & PageRegion.ASIDE and not _is_of_site(page, each)
    ]
    ordered = sorted(
        usable,
        key=lambda each: (
            each.name,
            not each.region & (PageRegion.ARTICLE | PageRegion.CONTENT),
            bool(each.region & PageRegion.HEADER),
        ),
    )
    return [
        text_of_heading(each)
        for each in ordered
        if each.name == "h1" or each.region & PageRegion.ARTICLE
    ]


def logos(page: Document) -> list[str]:
    """Return the site's names in headings."""
    usable = [each for each in page.headings if each.name == "h1" and _is_of_site(page, each)]
    return [text_of_heading(each) for each in usable]


def last_headings(page: Document) -> list[str]:
    """Return headings for a page without any other title: h2, hidden ones, the site's name."""
    seen = [each for each in page.headings if each.name == "h2"]
    seen = [each for each in seen if not each.region & PageRegion.ASIDE]
    hidden = [each for each in page.headings if each.region & PageRegion.HIDDEN]
    first = [
        each for each in page.headings if each.name == "h1" and not each.region & PageRegion.ASIDE
    ]
    return [text_of_heading(each) for each in (*seen[:1], *hidden[:1], *first)]


def text_of_heading(heading: Element) -> str:
    """Return the text of a heading, else that of the image in it."""
    text = heading.text.strip().rstrip(_ANCHORS).removesuffix(" #")
    if text:
        return text
    image = _IMAGE.search(heading.markup)
    return attributes(image[0]).get("alt", "") if image else ""


def _is_of_site(page: Document, heading: Element) -> bool:
    """Whether a heading is the site's name: a logo, or a link to the front page."""
    if _LOGO.search(f"{heading.get('class')[:200]} {heading.get('id')[:200]}"):
        return True
    link = _LINK.match(heading.markup)
    if link is None or is_front_page(page.url):
        return False
    target = page.resolved(attributes(link[0]).get("href", "")) or ""
    return is_front_page(target) and urlsplit(target).hostname == urlsplit(page.url).hostname
