"""The description of a page: its own, else its first paragraph with content."""

import re
from collections.abc import Iterator

from splitflap_core.contracts import MAX_DESCRIPTION

from splitflap_scraper.page.document import Document, Element
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.fields.description_text import (
    SENTENCE,
    described,
    is_beside,
    is_no_description,
)
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.texts import MAX_PARAGRAPH, key
from splitflap_scraper.preview.words.metas import METAS

DESCRIPTIONS = ("og:description", "twitter:description", "description")

#: Least characters of a paragraph for a description; of one in a page without longer ones.
MIN_PARAGRAPH = 40
MIN_SENTENCE = 20

#: The most of a text that may be in links. A line of navigation has more.
MOST_LINKS = 0.7

#: Titles of the page that a description may repeat.
MAX_TITLES = 3

_BESIDE = PageRegion.ASIDE | PageRegion.NOTE
#: Classes of paragraphs beside the text, in addition to the regions of blocks.
_CLASS_BESIDE = re.compile(
    r"(?i)skip|meta|byline|author|caption|cookie|footer|copyright|breadcrumb|notice|banner"
)
#: Those about the site, if they stand outside of the article.
_OF_SITE = re.compile(r"(?i)descr|tagline|subtitle")
_INSIDE = PageRegion.ARTICLE | PageRegion.CONTENT
_IN_HEAD = PageRegion.ARTICLE | PageRegion.HEADER
_LINK = re.compile(r"<(/?)a(?=[\s/>])[^<>]*+>?", re.IGNORECASE)


def description(sources: Sources, title: str | None) -> str | None:
    """Return the description of a page, unless it repeats a title or the site's name."""
    page = sources.page
    repeated = {key(each[:MAX_DESCRIPTION]) for each in (title or "", *_names(page))}
    for text in _own(sources):
        found = page.pace.after(described(text, MAX_DESCRIPTION))
        if found and not is_no_description(found) and key(found) not in repeated:
            return found
    return _paragraph(page, repeated, _own_part(sources, title))


def _own(sources: Sources) -> Iterator[str]:
    """Iterate over the descriptions that the page gives itself."""
    page = sources.page
    yield from page.meta(*DESCRIPTIONS)
    yield from sources.json_ld("description", "abstract")
    yield from sources.of_site("description")
    yield from page.meta(*METAS["descriptions"])
    yield from sources.microdata.texts("description")


def _names(page: Document) -> list[str]:
    """Return the titles of the page, and the name of its site."""
    # A heading below that of the page may be the standfirst.
    headings = [each.text for each in page.headings[:MAX_TITLES] if each.name == "h1"]
    metas = page.meta("og:title", "twitter:title", "og:site_name")
    return [*page.titles[:MAX_TITLES], *metas[:MAX_TITLES], *headings]


def _paragraph(page: Document, repeated: set[str], own: tuple[int, int | None]) -> str | None:
    """Return the first paragraph with content, inside the article if the page has one.

    `own` are the index of the page's heading, and that of the first teaser in a page that lists
    others. The head of a site above the heading has its slogan.
    """
    # A page may be about the owner of its site: its heading is in the same block.
    in_note = any(
        each.name == "h1" and each.region & _BESIDE == PageRegion.NOTE for each in page.headings
    )
    beside = PageRegion.ASIDE if in_note else _BESIDE
    usable = [each for each in page.texts if not each.region & beside and not _is_beside(each)]
    start, end = own
    usable = [
        each
        for each in usable
        if (end is None or each.index < end)
        and (each.index > start or each.region & _IN_HEAD != PageRegion.HEADER)
    ]
    inside = [each for each in usable if each.region & _INSIDE]
    outside = [each for each in usable if not each.region & (_INSIDE | PageRegion.HEADER)]
    # Texts outside of paragraphs are less sure, but the text of old pages and of forums.
    inside.sort(key=lambda each: each.name == "text")
    short = None
    for each in (*inside, *outside):
        found = page.pace.after(described(each.text, MAX_PARAGRAPH))
        if not found or key(found) in repeated or is_beside(found) or _is_of_links(each):
            continue
        if _is_long(found) and (each.name == "p" or SENTENCE.search(found)):
            return found
        is_sentence = (
            each.name == "p" and len(found) >= MIN_SENTENCE and SENTENCE.search(found[-2:])
        )
        short = short or (found if is_sentence and each.region & _INSIDE else None)
    return short


def _is_beside(paragraph: Element) -> bool:
    about = f"{paragraph.get('class')} {paragraph.get('id')}"
    is_of_site = not paragraph.region & _INSIDE and _OF_SITE.search(about) is not None
    return is_of_site or _CLASS_BESIDE.search(about) is not None


def _own_part(sources: Sources, title: str | None) -> tuple[int, int | None]:
    page, letters = sources.page, key(title or "")
    headings = (*page.headings, *page.subheadings)
    start = next((each.index for each in headings if letters and key(each.text) == letters), 0)
    return start, _first_teaser(page) if sources.is_listing else None


def _first_teaser(page: Document) -> int | None:
    """Return the index of the first linked heading below the page's own."""
    below = (*page.headings, *page.subheadings)
    indexes = [each.index for each in below if each.name != "h1" and "<a" in each.markup.lower()]
    return min(indexes, default=None)


def _is_long(text: str) -> bool:
    """Whether a text is long enough. A Han character or kana stands for more than a letter."""
    least = MIN_PARAGRAPH if text[:MIN_PARAGRAPH].isascii() else MIN_PARAGRAPH // 2
    return len(text) >= least and len(key(text)) >= MIN_PARAGRAPH // 2


def _is_of_links(element: Element) -> bool:
    """Whether most of a text is in links."""
    if "<a" not in element.markup and "<A" not in element.markup:
        return False
    linked = total = 0
    # Each second piece is the slash of a link's tag: the text after "" is in the link.
    pieces = _LINK.split(element.markup)
    for tag, text in zip(["/", *pieces[1::2]], pieces[::2], strict=True):
        size = len(text)
        total += size
        linked += size if tag == "" else 0
    return linked > total * MOST_LINKS
