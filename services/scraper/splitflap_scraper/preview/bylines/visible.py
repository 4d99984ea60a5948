"""The parts of a page near its heading, and whether the page is a list of others."""

import re
from functools import cached_property

from splitflap_scraper.page.document import Document, Excerpt
from splitflap_scraper.page.markup import text_of
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.bylines.lines import Line, lines
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import kind, types
from splitflap_scraper.preview.texts import key

#: Letters of a heading that is compared with parts of the title.
MIN_HEADING = 10

#: Linked headings of a list, and characters of a text before those of an article.
MIN_TEASERS = 2
MIN_TEXT = 80

#: Lines read before a heading.
MAX_BEFORE = 8

#: Classes of the body in pages of widespread software.
_LIST_CLASSES = frozenset(
    {"home", "archive", "path-frontpage", "home-template", "tag-template", "author-template"}
)
_PAGE_CLASSES = re.compile(
    r"(?:^|\s)(?:single|single-post|postid-\d+|post-template|page-node-type-\w+|path-node|node-type-\w+)(?=\s|$)"
)
_LONGEST_HEADING = 600

#: Classes of elements in teasers, and characters read of them. An author may have a card, too.
_OF_TEASER = re.compile(r"(?i)(?<!author)(?<!author[-_])card|teaser|recirc|related|promo")
MAX_ABOUT = 200


def is_article(sources: Sources) -> bool:
    """Whether the page says that it is an article."""
    page = sources.page
    if next(iter(page.meta("og:type")), "").lower().startswith("article"):
        return True
    if "article" in {kind(sources.node), sources.microdata.kind}:
        return True
    return _PAGE_CLASSES.search(page.classes) is not None


class Visible:
    """The lines of a page with its date and authors. They are cut out once, if they are needed."""

    def __init__(self, sources: Sources, title: str | None) -> None:
        """`title` is the page's title. It shows which heading is that of the page."""
        self.sources = sources
        self._title = title
        self._has_teasers = False

    @cached_property
    def belongs_to_others(self) -> bool:
        """Whether the visible dates and authors are those of other things than the page."""
        sources = self.sources
        classes = set(sources.page.classes.split())
        is_list = sources.is_list or (not is_article(sources) and bool(classes & _LIST_CLASSES))
        kinds = {kind(sources.node), sources.microdata.kind}
        kinds |= {next(iter(sources.page.meta("og:type")), "").partition(".")[0].lower()}
        is_event = any("Event" in each for each in types(sources.node or {}))
        return is_event or not kinds.isdisjoint({"product", "profile"}) or is_list

    @cached_property
    def lead(self) -> tuple[list[Line], list[Line]] | None:
        """The lines before the page's heading, and those from the heading on."""
        chosen = _chosen(self.sources.page, key(self._title or ""))
        if chosen is None:
            return None
        before, after = chosen
        # A header that ends above the heading is that of the site.
        header = before.markup.lower().rfind("</header")
        pace = self.sources.page.pace
        above = pace.after(lines(before.markup[max(header, 0) :])[-MAX_BEFORE:])
        below = pace.after(lines(after.markup))
        at = None if is_article(self.sources) else _teasers(below)
        self._has_teasers = at is not None
        # The day may be above the heading of a list.
        return [] if self._has_teasers else above, below[:at]

    @property
    def has_teasers(self) -> bool:
        """Whether teasers follow the page's heading, and no text is before them."""
        return self.lead is not None and self._has_teasers

    @property
    def has_heading(self) -> bool:
        """Whether the lines before and after are those around a heading."""
        return self.lead is not None and len(self.sources.page.leads) > 1

    @cached_property
    def marked(self) -> list[list[Line]]:
        """The lines of elements with an author or a date."""
        if self.has_teasers:
            return []
        page = self.sources.page
        chosen = _chosen(page, key(self._title or ""))
        is_in_header = chosen is None or bool(chosen[1].region & PageRegion.HEADER)
        return [
            page.pace.after(lines(each.markup, within=True))
            for each in page.excerpts
            if (is_in_header or not _is_of_site(each))
            and not _OF_TEASER.search(f"{each.get('class')} {each.get('id')}"[:MAX_ABOUT])
        ]


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
    first = None
    for before, after in page.leads:
        name = after.markup[1:3].lower()
        heading = key(text_of(_heading(after.markup, name))) if name[0] == "h" else ""
        if title and heading and _is_alike(heading, title):
            return before, after
        if first is None and name == "h1" and heading:
            first = before, after
    return first or next(iter(page.leads if len(page.leads) == 1 else ()), None)


def _is_alike(heading: str, title: str) -> bool:
    is_part = len(heading) >= MIN_HEADING and (heading in title or title in heading)
    return heading == title or is_part


def _heading(markup: str, name: str) -> str:
    end = markup[:_LONGEST_HEADING].lower().find(f"</{name}")
    return markup[: end if end >= 0 else _LONGEST_HEADING]
