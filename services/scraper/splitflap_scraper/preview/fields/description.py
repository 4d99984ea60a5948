"""The description of a page: its own, else its first paragraph with content."""

import re

from splitflap_core.contracts import MAX_DESCRIPTION

from splitflap_scraper.page.document import Document, Element
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

#: Words of cookie banners and similar paragraphs.
_BANNER_WORDS = load("descriptions", dict[str, list[str]])["banners"]
_BESIDE = re.compile(
    r"(?i)descr|tagline|subtitle|skip|meta|byline|author|caption|cookie|footer|copyright"
    r"|breadcrumb|notice|banner"
)
_INSIDE = PageRegion.ARTICLE | PageRegion.CONTENT
#: The end of a sentence, which texts outside of paragraphs must have.
_SENTENCE = re.compile(r"[.!?\u2026\u0964\u06d4](?:\s|[\"')\u201d\u00bb]|\Z)|[\u3002\uff01\uff1f]")


def description(sources: Sources, title: str | None) -> str | None:
    """Return the description of a page, unless it repeats the title."""
    page = sources.page
    texts = [
        *page.meta(*DESCRIPTIONS),
        *sources.json_ld("description", "abstract"),
        *sources.of_site("description"),
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
    beside = PageRegion.ASIDE | PageRegion.NOTE
    usable = [each for each in page.texts if not each.region & beside and not _is_beside(each)]
    inside = [each for each in usable if each.region & _INSIDE]
    outside = [each for each in usable if not each.region & (_INSIDE | PageRegion.HEADER)]
    # Texts outside of paragraphs are less sure, but the text of old pages and of forums.
    inside.sort(key=lambda each: each.name == "text")
    for each in (*inside, *outside):
        found = plain(each.text, MAX_PARAGRAPH)
        if found and _is_content(each, found):
            return found
    return None


def _is_beside(paragraph: Element) -> bool:
    return _BESIDE.search(f"{paragraph.get('class')} {paragraph.get('id')}") is not None


def _is_content(element: Element, text: str) -> bool:
    """Whether a text is long enough for a description, and no banner or menu."""
    if len(key(text)) < MIN_PARAGRAPH * 0.5 or len(text) < _least(text):
        return False
    if element.name == "text" and not _SENTENCE.search(text):
        return False
    lowered = text[:200].lower()
    return not any(word in lowered for word in _BANNER_WORDS)


def _least(text: str) -> int:
    """Return the least length of a text. A Han character or kana stands for more than a letter."""
    return MIN_PARAGRAPH if text[:MIN_PARAGRAPH].isascii() else MIN_PARAGRAPH // 2
