"""The parts of a page near its heading, and whether the page is a list of others."""

import re
from collections.abc import Iterator
from functools import cached_property

from splitflap_scraper.page.document import Document, Excerpt
from splitflap_scraper.page.markup import text_of
from splitflap_scraper.page.pace import Pace
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.bylines.lines import Line, lines
from splitflap_scraper.preview.bylines.signs import may_have_author, may_have_date
from splitflap_scraper.preview.listing import has_class_of_text
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import types
from splitflap_scraper.preview.texts import key

#: Letters of a heading that is compared with parts of the title.
MIN_HEADING = 10

#: Linked headings of a list, and characters of a text before those of an article.
MIN_TEASERS = 2
MIN_TEXT = 80

#: Types of pages whose visible dates and authors are those of other things.
_OF_OTHERS = frozenset({"product", "profile"})

#: Characters between a heading and its byline or date, and of the shortest paragraph of a text.
MAX_REACH = 1500
MIN_PARAGRAPH = 220

#: Lines read before a heading.
MAX_BEFORE = 8

_LONGEST_HEADING = 600

#: Smaller headings that are compared with the title.
MAX_SUBHEADINGS = 3

#: Classes of elements in teasers, and characters read of them. An author may have a card, too.
_OF_TEASER = re.compile(r"(?i)(?<!author)(?<!author[-_])card|teaser|recirc|related|promo")
MAX_ABOUT = 200


class Visible:
    """The lines of a page with its date and authors. They are cut out once, if they are needed."""

    def __init__(self, sources: Sources, title: str | None, declared: str | None) -> None:
        """`title` shows which heading is that of the page. `declared` is its type."""
        self.sources = sources
        #: Whether the page is an article.
        self.is_article = declared == "article" or has_class_of_text(sources.page)
        self._title = title
        self._declared = declared

    @property
    def pace(self) -> Pace:
        """The pace of the work for the page."""
        return self.sources.page.pace

    @cached_property
    def belongs_to_others(self) -> bool:
        """Whether the visible dates and authors are those of other things than the page."""
        node = self.sources.node
        if self.sources.is_listing or self._declared in _OF_OTHERS:
            return True
        return node is not None and any("Event" in each for each in types(node))

    @cached_property
    def may_have_date(self) -> bool:
        """Whether these parts may have a date."""
        excerpts = (*(self._lead or ()), *self.sources.page.excerpts)
        return any(may_have_date(each.markup) for each in excerpts)

    @property
    def may_have_author(self) -> bool:
        """Whether these parts may have an author."""
        if self.sources.page.excerpts or self.may_have_date:
            return True
        return any(may_have_author(each.markup) for each in self._lead or ())

    @cached_property
    def below(self) -> list[Line]:
        """The lines from the page's heading on, up to those of teasers."""
        return self._below[: self._teasers_at]

    @cached_property
    def above(self) -> list[Line]:
        """The lines before the page's heading. The day may be above that of a list."""
        if self._lead is None or self.has_teasers:
            return []
        markup = self._lead[0].markup
        # A header or a menu that ends above the heading is that of the site.
        lower = markup.lower()
        ends = [lower.rfind(each) for each in ("</header", "</nav")]
        before = lines(markup[max(0, *ends) :])[-MAX_BEFORE:]
        return self.sources.page.pace.after([*before, *self._split[0]])

    @property
    def above_in_text(self) -> int:
        """How many of the lines before the page's heading are certainly in its text."""
        if self._lead is None or not self._lead[1].region & PageRegion.ARTICLE:
            return 0
        lower = self._lead[0].markup.lower()
        start = max(lower.rfind("<main"), lower.rfind("<article"))
        return len(lines(self._lead[0].markup[start:])) if start >= 0 else MAX_BEFORE

    @property
    def has_teasers(self) -> bool:
        """Whether teasers follow the page's heading, and no text is before them."""
        return self._teasers_at is not None

    @property
    def has_heading(self) -> bool:
        """Whether the lines above and below are those around a heading."""
        return self._lead is not None and len(self.sources.page.around_headings) > 1

    @cached_property
    def marked(self) -> list[list[Line]]:
        """The lines of elements with an author or a date."""
        if self.has_teasers:
            return []
        page, lead = self.sources.page, self._lead
        is_in_header = lead is None or _is_of_site(lead[1])
        return [
            page.pace.after(lines(each.markup, within=True))
            for each in page.excerpts
            if (is_in_header or not _is_of_site(each))
            and not each.markup.startswith("<cite")
            and not _OF_TEASER.search(f"{each.get('class')} {each.get('id')}"[:MAX_ABOUT])
        ]

    @cached_property
    def _lead(self) -> tuple[Excerpt, Excerpt] | None:
        return _chosen(self.sources.page, key(self._title or ""))

    @property
    def _below(self) -> list[Line]:
        return self._split[1]

    @cached_property
    def _split(self) -> tuple[list[Line], list[Line]]:
        """The lines from the chosen heading on, before and after the heading with the title.

        Old pages have the name of the site, of a section, or the day in the larger heading.
        """
        if self._lead is None:
            return [], []
        found = self.sources.page.pace.after(lines(self._lead[1].markup))
        at = _at_title(found, key(self._title or ""))
        skipped = found[at].headings if at else 0
        for each in found[at:] if skipped else ():
            each.headings -= skipped
        return found[:at], found[at:]

    @cached_property
    def _teasers_at(self) -> int | None:
        return None if self.is_article else _teasers(self._below)


def reached(below: list[Line]) -> Iterator[tuple[Line, int]]:
    """Yield the lines near a heading, with the characters of the page's text before each."""
    passed = text = 0
    for line in below:
        size = len(line.text)
        passed += 0 if line.is_heading and line.headings == 0 else size
        if passed > MAX_REACH:
            break
        yield line, text
        text += size if size >= MIN_PARAGRAPH else 0


def _is_of_site(excerpt: Excerpt) -> bool:
    """Whether an element is in the head of the site, where newspapers print the day."""
    is_in_text = excerpt.region & (PageRegion.ARTICLE | PageRegion.CONTENT)
    return not is_in_text and bool(excerpt.region & PageRegion.HEADER)


def _teasers(after: list[Line]) -> int | None:
    """Return where linked headings follow the page's heading, if no text is before them."""
    linked = [
        index for index, each in enumerate(after) if index and each.is_heading and each.is_linked
    ]
    if len(linked) < MIN_TEASERS:
        return None
    text = sum(each.weight for each in after[: linked[0]] if not each.is_heading)
    return None if text >= MIN_TEXT else linked[0]


def _chosen(page: Document, title: str) -> tuple[Excerpt, Excerpt] | None:
    """Return the excerpts of the heading with the page's title, or of the first heading.

    A page without headings has the start of its body.
    """
    if len(page.around_headings) == 1:
        return page.around_headings[0]
    first = below = None
    for before, after in page.around_headings:
        name = after.markup[1:3].lower()
        heading = key(text_of(_heading(after.markup, name))) if name[0] == "h" else ""
        if title and heading and _is_alike(heading, title):
            return before, after
        if first is None and name == "h1" and heading:
            first = before, after
        if title and any(_is_alike(key(text_of(each)), title) for each in _subheadings(after)):
            below = before, after
    return below or first


def _subheadings(lead: Excerpt) -> list[str]:
    """Return the first smaller headings below a heading. Blogs have their posts' titles there."""
    starts = re.split("<[hH]3(?=[\\s>])", lead.markup, maxsplit=MAX_SUBHEADINGS)[1:]
    return [_heading(f"<h3{each}", "h3") for each in starts]


def _at_title(found: list[Line], title: str) -> int:
    """Return the index of the heading with the page's title, unless the first heading has it."""
    texts = ((at, key(each.text)) for at, each in enumerate(found) if title and each.is_heading)
    at = next((at for at, text in texts if text and _is_alike(text, title)), 0)
    return at if at and found[0].is_heading else 0


def _is_alike(heading: str, title: str) -> bool:
    is_part = len(heading) >= MIN_HEADING and (heading in title or title in heading)
    return heading == title or is_part


def _heading(markup: str, name: str) -> str:
    """Return the markup within the heading at the start of an excerpt."""
    markup = markup[:_LONGEST_HEADING]
    end = markup.lower().find(f"</{name}")
    return markup[markup.find(">") + 1 : end if end >= 0 else None]
