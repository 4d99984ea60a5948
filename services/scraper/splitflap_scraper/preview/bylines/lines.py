"""Cuts an excerpt of a page into the lines of text that a reader sees."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from splitflap_scraper.page.layout.elements import is_byline_footer, is_of_others, of_attributes
from splitflap_scraper.page.markup import attributes, unescaped
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.page.vocabulary import VOID
from splitflap_scraper.preview.dates.stamps import (
    MAX_VALUE,
    may_have_stamp,
    stamp_of,
    title_with_year,
)

#: Lines of an excerpt, and open elements followed, at most.
MAX_LINES = 80
MAX_OPEN = 40

#: Texts of one line. Papers have a hundred authors.
MAX_RUNS = 150

#: Lines read of a preformatted text.
MAX_ROWS = 12

#: Longest tag that is remembered, in characters.
MAX_REMEMBERED = 200

_TOKEN = re.compile(r"<(/?)([a-zA-Z][\w-]{0,30})([^<>]*+)>?|<[^<>]{0,200}+>|([^<]++)|<")
_INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "cite", "code", "data", "em", "font", "i", "label",
    "mark", "q", "relative-time", "s", "small", "span", "strong", "sub", "sup", "time",
    "time-ago", "local-time", "u", "var", "wbr",
})  # fmt: skip
#: Attributes that say what an element is.
_ABOUT = ("class", "id", "property", "itemprop", "data-testid", "data-component")
#: Elements with examples, whose dates mean nothing.
_CODE = frozenset({"code", "kbd", "pre", "samp"})
#: A row in the header of a mail, or in that of a plain text.
_HEADER_OF_MAIL = re.compile(r"(?m)^\s{0,9}(?:From|Von|De|Da|Author)\s?:|^\s{0,40}[Bb]y ")
MAX_HEADER = 600
#: Elements around the whole text.
_AROUND_TEXT = frozenset({"article", "body", "html", "main"})
#: Addresses of pages about an author.
_AUTHOR_PAGE = re.compile(
    r"(?i)/(?:authors?|autore?n?s?|auteurs?|contributors?|journalist[ae]?s?|profiles?|users?|by|staff|writers?|reporters?|columnists?|signataires?|firmas?|bylines?)/[\w%.@-]{2}|/@[\w.-]{2,40}/?(?:\?|\Z)"
    # Those of members in forums: Discuz, phpBB, SMF, vBulletin, XenForo, MyBB.
    r"|space-uid-\d|[?&;](?:mod=space&|mode=viewprofile|action=profile)|(?:member|profile)\.php\?"
    r"|/members/[\w%-]{1,60}\.\d"
)
_ORDINALS = frozenset({"st", "nd", "rd", "th", "er", "re", "e", "o", "a"})
_SKIPPED = frozenset(
    ["aside", "button", "figcaption", "footer", "nav", "option", "select", "script", "style"]
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})

#: Between the texts of two elements on one line.
BOUNDARY = "\x1f"


@dataclass(slots=True)
class Run:
    """A text of one element. `about` has the classes and ids around it; `own` are its own.

    `stamp` is the time of an element around it, and `title` a text about one. `is_author` marks a
    link to an author, `is_linked` any link, `is_mail` a mail address, and `is_code` an example.
    """

    text: str
    about: str
    own: str = ""
    stamp: str = ""
    title: str = ""
    is_author: bool = False
    is_linked: bool = False
    is_mail: bool = False
    is_code: bool = False


@dataclass(slots=True)
class Line:
    """A line of text. `headings` counts the headings before it in the excerpt."""

    runs: list[Run]
    headings: int
    is_heading: bool
    #: The text, with a boundary between elements, and the classes and ids around it.
    text: str
    about: str

    @property
    def is_linked(self) -> bool:
        """Whether the line is a link, such as the heading of a teaser."""
        return any(each.is_linked for each in self.runs)

    @property
    def weight(self) -> int:
        """The length of the text. A Han character or kana stands for three letters."""
        return sum(
            len(each.text) if each.text.isascii() else _weight(each.text) for each in self.runs
        )


class _Element:
    """An element by its start tag. It is shared by equal tags, so nothing changes it."""

    __slots__ = ("about", "is_author", "is_beside", "is_code", "is_heading", "is_link", "is_mail",
                 "name", "stamp", "title")  # fmt: skip

    def __init__(self, name: str, rest: str) -> None:
        """`rest` is the tag after the name."""
        self.name = name
        self.about = self.stamp = self.title = ""
        self.is_heading = name in _HEADINGS
        self.is_beside = name in _SKIPPED
        self.is_code = name in _CODE
        self.is_author = self.is_link = self.is_mail = False
        if rest.strip(" /"):
            self._read(rest)

    def _read(self, rest: str) -> None:
        found = attributes(rest)
        about = " ".join([found[each] for each in _ABOUT if each in found]).strip()
        self.about = about[:MAX_VALUE]
        self.is_author = "author" in found.get("rel", "")
        if target := found.get("href", "")[:MAX_VALUE]:
            # Posts of a thread link to themselves.
            self.is_link = target[0] != "#"
            self.is_mail = target.lower().startswith("mailto:")
            self.is_author |= _AUTHOR_PAGE.search(target) is not None
        if self.name in _AROUND_TEXT:
            self.is_beside = of_attributes(found) & PageRegion.HIDDEN != 0
        else:
            self.is_beside |= is_of_others(found)
        if self.name in {"footer", "aside"} and is_byline_footer(rest):
            self.is_beside = False
        if may_have_stamp(rest):
            self.stamp = stamp_of(self.name, found, self.about)
        if self.name not in VOID and self.name not in _AROUND_TEXT:
            self.title = title_with_year(found)


#: Pages repeat their short tags.
_remembered = lru_cache(maxsize=512)(_Element)


#: The source of a quotation.
_OF_QUOTE = _Element("cite", "")
_OF_QUOTE.is_beside = True


class _Walk:
    """Follows the tags of an excerpt."""

    def __init__(self) -> None:
        self.open: list[_Element] = []
        self.runs: list[Run] = []
        self.headings = 0
        #: Open elements that are headings, and those beside the page's text.
        self._in_headings = self._beside = 0

    def start(self, name: str, rest: str) -> None:
        # The attributes within an element beside the text do not matter.
        rest = "" if self._beside else rest
        element = (_remembered if len(rest) <= MAX_REMEMBERED else _Element)(name, rest)
        if name == "cite" and any(each.name == "blockquote" for each in self.open):
            element = _OF_QUOTE
        is_open = len(self.open) < MAX_OPEN
        if is_open:
            self.open.append(element)
        if element.stamp or element.title:
            # Drupal hides the element with the time for machines.
            self.add("")
        if not is_open:
            return
        if name in VOID:
            self.open.pop()
            return
        self._in_headings += element.is_heading
        self._beside += element.is_beside

    def ended(self, name: str) -> bool:
        """End the innermost element of a name. It returns whether no element is open."""
        for index in range(len(self.open) - 1, -1, -1):
            if self.open[index].name == name:
                for each in self.open[index:]:
                    self._in_headings -= each.is_heading
                    self._beside -= each.is_beside
                del self.open[index:]
                break
        return not self.open

    def add(self, text: str, *, is_header: bool = False) -> None:
        """Add a text. `is_header` says that it is in the header of a mail."""
        if self._beside:
            return
        stamp = title = ""
        is_author = is_linked = is_mail = is_code = False
        for each in self.open:
            stamp = each.stamp or stamp
            title = each.title or title
            is_author |= each.is_author
            is_linked |= each.is_link
            is_mail |= each.is_mail
            is_code |= each.is_code
        is_code = is_code and not is_header
        runs = self.runs
        if runs and self._is_raised():
            # A number belongs to a footnote.
            is_ordinal = text.lower() in _ORDINALS and runs[-1].text[-1:].isdigit()
            runs[-1].text += text if is_ordinal else ""
            return
        if len(runs) >= MAX_RUNS:
            return
        about = " ".join([each.about for each in self.open[-4:] if each.about])
        own = self.open[-1].about if self.open else ""
        runs.append(Run(text, about, own, stamp, title, is_author, is_linked, is_mail, is_code))

    def _is_raised(self) -> bool:
        """Whether the text is a footnote, or the link of one."""
        return any(each.name == "sup" for each in self.open[-2:])

    def rows(self, text: str) -> Iterator[Line]:
        """Iterate over the lines of a preformatted text: those of a mail's header."""
        is_header = _HEADER_OF_MAIL.search(text[:MAX_HEADER]) is not None
        for row in text.split("\n")[:MAX_ROWS]:
            self.add(row, is_header=is_header)
            if line := self.taken():
                yield line

    def taken(self) -> Line | None:
        """Return the current line, and begin another."""
        is_heading = self._in_headings > 0
        headings, runs = self.headings, self.runs
        self.headings += is_heading
        if not runs:
            return None
        self.runs = []
        if not any(each.text.strip() or each.stamp or each.title for each in runs):
            return None
        text = BOUNDARY.join([each.text for each in runs if each.text])
        about = " ".join(dict.fromkeys([each.about for each in runs]))
        return Line(runs, headings, is_heading, text, about)


def _weight(text: str) -> int:
    return len(text) + 2 * sum(each >= "\u3000" for each in text)


def lines(markup: str, *, within: bool = False) -> list[Line]:
    """Return the lines of an excerpt, without the parts beside the page's text.

    With `within`, the excerpt ends with its first element.
    """
    return list(islice(_all(markup, within=within), MAX_LINES))


def _all(markup: str, *, within: bool) -> Iterator[Line]:
    walk = _Walk()
    for slash, tag, rest, text in _TOKEN.findall(markup):
        if tag:
            name = tag.lower()
            if name not in _INLINE and (line := walk.taken()):
                yield line
            if not slash:
                walk.start(name, rest)
            elif walk.ended(name) and within:
                break
        elif text := unescaped(text).strip():
            if "\n" in text and any(each.name == "pre" for each in walk.open):
                yield from walk.rows(text)
            else:
                walk.add(text)
    if line := walk.taken():
        yield line
