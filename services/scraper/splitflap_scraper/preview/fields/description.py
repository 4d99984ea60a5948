"""The description of a page: its own, else its first paragraph with content."""

import re

from splitflap_core.contracts import MAX_DESCRIPTION

from splitflap_scraper.page.document import Document
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.fields.title_text import is_no_description
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.texts import MAX_PARAGRAPH, key, plain
from splitflap_scraper.preview.words import load

DESCRIPTIONS = ("og:description", "twitter:description", "description")
OTHER_DESCRIPTIONS = ("citation_abstract", "dc.description", "dcterms.description",
                      "dcterms.abstract", "sailthru.description", "abstract")  # fmt: skip

#: Least characters of a paragraph for a description.
MIN_PARAGRAPH = 40

#: Least paragraphs of a page with its text in paragraphs.
FEW = 3

#: Words of cookie banners and similar paragraphs.
_BANNER_WORDS = load("descriptions", dict[str, list[str]])["banners"]
_BESIDE = re.compile(
    r"(?i)descr|tagline|subtitle|skip|meta|byline|author|caption|cookie|footer|copyright"
    r"|breadcrumb|notice|banner"
)
_BODIES = re.compile(r"(?i)content|body|entry|bbwrapper")


def description(sources: Sources, title: str | None) -> str | None:
    """Return the description of a page, unless it repeats the title."""
    page = sources.page
    texts = [
        *page.meta(*DESCRIPTIONS),
        *sources.json_ld("description", "abstract"),
        *page.meta(*OTHER_DESCRIPTIONS),
        *sources.microdata.texts("description"),
    ]
    for text in texts:
        found = plain(text, MAX_DESCRIPTION)
        if found and not is_no_description(found) and key(found) != key(title or ""):
            return found
    return _paragraph(page)


def _paragraph(page: Document) -> str | None:
    """Return the first paragraph with content, inside the article if the page has one."""
    beside = PageRegion.ASIDE | PageRegion.HEADER
    usable = [each for each in page.paragraphs if not each.region & PageRegion.ASIDE]
    usable = [
        each for each in usable if not _BESIDE.search(f"{each.get('class')} {each.get('id')}")
    ]
    inside = [each for each in usable if each.region & PageRegion.ARTICLE]
    outside = [each for each in usable if not each.region & beside and each not in inside]
    bodies = [
        each
        for each in page.marked
        if _BODIES.search(each.get("class")) and not each.region & beside
    ]
    # In forums only the site's name is a paragraph, and posts are not.
    ordered = [*inside, *bodies, *outside] if len(outside) < FEW else [*inside, *outside, *bodies]
    for each in ordered:
        found = plain(each.text, MAX_PARAGRAPH)
        if found and len(key(found)) >= MIN_PARAGRAPH * 0.5 and len(found) >= _least(found):
            lowered = found[:200].lower()
            if not any(word in lowered for word in _BANNER_WORDS):
                return found
    return None


def _least(text: str) -> int:
    """Return the least length of a text. A Han character or kana stands for more than a letter."""
    return MIN_PARAGRAPH if text[:MIN_PARAGRAPH].isascii() else MIN_PARAGRAPH // 2
