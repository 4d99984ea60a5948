"""The region that an element opens, by its name and attributes; and what no reader sees."""

import re
from functools import lru_cache

from splitflap_scraper.page.layout.names import (
    ASIDE,
    ASIDE_IDS,
    BYLINE,
    HEADER,
    LAST_NOTE,
    LAST_TEXT,
    NOTE,
    OF_OTHERS,
)
from splitflap_scraper.page.markup import attributes
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.page.vocabulary import VOID

_HIDDEN = PageRegion.HIDDEN | PageRegion.ASIDE

#: Elements of each region.
REGIONS: dict[str, int] = {
    "nav": PageRegion.ASIDE,
    "aside": PageRegion.ASIDE,
    "footer": PageRegion.ASIDE,
    "dialog": PageRegion.ASIDE,
    "header": PageRegion.HEADER,
    "article": PageRegion.ARTICLE,
    "main": PageRegion.ARTICLE,
    "figcaption": PageRegion.NOTE,
    "caption": PageRegion.NOTE,
    "address": PageRegion.NOTE,
    # Closed at first. `region_of` takes out an open one.
    "details": PageRegion.NOTE,
    # Their content is for browsers that lack the element.
    **dict.fromkeys(("audio", "canvas", "noembed"), _HIDDEN),
}
#: Elements around all others. Their classes tell about the whole page.
_AROUND = frozenset({"html", "body", "main", "article"})

#: Parts of the attributes that tell a region.
_TELLING = ("class", "role", "itemprop", "itemtype", "typeof", "hidden", "style", "inert",
            "popover")  # fmt: skip
_ID = re.compile(r"\bid\s*+=", re.ASCII)

#: Longest tag whose region is remembered, in characters. Pages repeat short ones.
_SHORT = 200

#: Tags within a paragraph that are examined.
_MAX_HIDING = 20
_MAY_HIDE = re.compile(
    r"hidden|display|sr-|-sr|screen|hide|d-none|element-|assistive|invisible|print|font-size|indent|clip|inert|popover",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(/?[a-z][a-z0-9-]{0,30})(?=[\s/>])[^<>]*+>", re.IGNORECASE | re.ASCII)

#: Elements beside a text that may have the author and date of a post, and their classes then.
_FOOTERS = frozenset({"footer", "aside"})
_OF_POST = re.compile(
    r"(?:node|entry|post|article)(?:_{1,2}|-)(?:meta|info|submitted|footer)|submitted|byline"
)

_OPEN = re.compile(r"\sopen(?=[\s=/>])", re.IGNORECASE)

#: Names of a class that are read.
_MAX_NAMES = 30

_HIDING_STYLE = re.compile(
    r"display\s{0,5}:\s{0,5}none|visibility\s{0,5}:\s{0,5}hidden|(?:left|indent)\s{0,5}:\s{0,5}-\d{3}"
    r"|(?:font-size|(?:max-)?height)\s{0,5}:\s{0,5}0(?:px|em|pt|%)?\s{0,5}(?:[;!]|\Z)|clip\s{0,5}:\s{0,5}rect\([01]",
    re.IGNORECASE | re.ASCII,
)
#: Classes of texts for screen readers or paper, and of elements that are not shown.
_HIDING = re.compile(
    r"(?:(?!label-)[a-z0-9]+-){0,2}(?:visually-?hidden|sr-?only|screen-?reader(?:s|-text|-only|s-only)?|sr-text|for-sr"
    r"|screen-only|hidden-?visually|accessib(?:le|ly)-?hidden|element-(?:invisible|hidden)|assistive-text|off-?screen|(?:a11y|accessibility)-hidden"
    r"|hidden-accessible|visible-print(?:-block)?|print-only|only-print|d-print-block)"
    r"|(?:is-|u-|uk-|js-)?hidden|d-none|hide|invisible"
)
#: Attributes of elements that are not shown.
_HIDING_ATTRIBUTES = frozenset({"hidden", "inert", "popover"})

#: Classes of closed parts, by the classes of open ones. The reader may open them.
_CLOSED = {
    "collapse": frozenset({"show", "in"}),
    "tab-pane": frozenset({"show", "active", "in"}),
}
#: Classes that show a hidden element on some screens.
_SHOWING = re.compile(
    r"(?:d-)?(?:xs|sm|md|lg|x{1,2}l|2xl|tablet|desktop)[-:](?:block|flex|grid|inline\S*|table\S*)"
)

#: Types of items about the owner of a site or about its frame (schema.org).
_OF_SITE = re.compile(
    r"(?:organization|corporation|business|company|ngo|agency|agent|store|shop|restaurant|cafe|bakery"
    r"|hotel|hostel|resort|salon|clinic|hospital|dentist|physician|pharmacy|attorney|notary|dealer"
    r"|repair|contractor|electrician|plumber|locksmith|school|university|airline|library|museum|club"
    r"|\w(?:service|station|association)|\bperson|website|wpheader|wpfooter|wpsidebar"
    r"|sitenavigationelement)/?\s*\Z",
    re.IGNORECASE,
)
_MAX_KIND = 200

#: Starts of classes that tell about the page, and not about the block.
_ABOUT_PAGE = re.compile(
    r"(?:node|type|page|post-type|category|tag|view|has|is|no|not|with|without|layout|template"
    r"|single|archive|hentry)-"
)
_CONTENT = re.compile(
    r"(?:main|page|body|node|message)?-*content|post-?body|postbody|post-?text|entry|prose"
    r"|(?:post|entry|article|story|blog|single|news|rich|body|message)-*(?:content|body|text)"
    r"|bbwrapper|field-+name-body|mw-parser-output|markdown-body"
)
_WORDS = re.compile(r"-+")

#: Messages of Drupal and of other systems to the reader.
_KINDS_OF_MESSAGE = frozenset({"status", "warning", "error", "info"})
_MESSAGE = re.compile(
    r"messages?-+(?:status|warning|error|info)|(?:system|flash|status|error|warning|site)-+messages?"
    r"|no-?(?:js|script)-+(?:message|warning|notice|alert|msg)"
)

_ROLES: dict[str, int] = {
    **dict.fromkeys(
        ("navigation", "complementary", "contentinfo", "dialog", "alertdialog", "search", "menu",
         "menubar"),
        PageRegion.ASIDE,
    ),
    **dict.fromkeys(("alert", "status", "note"), PageRegion.NOTE),
    "banner": PageRegion.HEADER,
    "main": PageRegion.ARTICLE,
    "article": PageRegion.ARTICLE,
}  # fmt: skip


def region_of(name: str, tag: str) -> int:
    """Return the region that a start tag opens, by its name and attributes."""
    region = REGIONS.get(name, PageRegion.NONE)
    if name in _FOOTERS and is_byline_footer(tag):
        region = PageRegion.NOTE
    elif name == "details" and _OPEN.search(tag):
        region = PageRegion.NONE
    found = _remembered(tag) if len(tag) <= _SHORT else _by_attributes(tag)
    if found and name in _AROUND and not found & PageRegion.HIDDEN:
        found &= PageRegion.CONTENT
    return region | found


def is_byline_footer(tag: str) -> bool:
    """Whether a footer or an aside has the author and date of a post. Drupal puts it on top."""
    return _OF_POST.search(tag) is not None


def is_of_others(found: dict[str, str]) -> bool:
    """Whether the attributes of a start tag say that dates and authors are not those of the text.

    Whole names count: a `menu-item` is no menu. In `teaser__date` the block is `teaser`. Readers
    see what `aria-hidden` hides.
    """
    seen = {name: value for name, value in found.items() if name != "aria-hidden"}
    if of_attributes(seen) & PageRegion.ASIDE:
        return True
    names = f"{found.get('class', '')} {found.get('id', '')}".lower().split(maxsplit=_MAX_NAMES)
    return any(map(_is_name_of_others, names[:_MAX_NAMES]))


@lru_cache(maxsize=2048)
def _is_name_of_others(name: str) -> bool:
    block = name.partition("__")[0].replace("_", "-")
    if block in ASIDE or block in OF_OTHERS:
        return True
    return BYLINE.isdisjoint(_WORDS.split(block)) and _has_word(block, NOTE, frozenset())


def visible(markup: str) -> str:
    """Remove the hidden elements within a paragraph or heading."""
    if "<" not in markup or not _MAY_HIDE.search(markup):
        return markup
    parts: list[str] = []
    at = depth = seen = 0
    name = ""
    for tag in _TAG.finditer(markup):
        if depth:
            depth += _step(tag[1], name)
            at = tag.end()
        elif seen < _MAX_HIDING and tag[1][0] != "/" and _MAY_HIDE.search(tag[0]):
            seen += 1
            if region_of("", tag[0]) & PageRegion.HIDDEN and tag[1].lower() not in VOID:
                parts.append(markup[at : tag.start()])
                name, depth = tag[1].lower(), 1
    return "".join(parts) + ("" if depth else markup[at:])


def _step(tag: str, name: str) -> int:
    """Return how a tag changes the depth within elements of a name."""
    tag = tag.lower()
    return (tag == name) - (tag == f"/{name}")


def _by_attributes(tag: str) -> int:
    lower = tag.lower()
    if not (any(map(lower.__contains__, _TELLING)) or _ID.search(lower)):
        return PageRegion.NONE
    return of_attributes(attributes(tag))


def of_attributes(found: dict[str, str]) -> int:
    """Return the region that the attributes of a start tag tell."""
    region = _of_class(found["class"].lower()) if "class" in found else PageRegion.NONE
    if "id" in found:
        region |= _of_id(found["id"].lower())
    if "role" in found:
        region |= _ROLES.get(found["role"].strip().lower(), PageRegion.NONE)
    if found.get("itemprop", "").lower() == "articlebody":
        region |= PageRegion.CONTENT
    kind = found.get("itemtype") or found.get("typeof")
    if kind and _OF_SITE.search(kind, 0, _MAX_KIND):
        region |= PageRegion.NOTE
    hides = (
        not _HIDING_ATTRIBUTES.isdisjoint(found)
        or found.get("aria-hidden", "").strip().lower() == "true"
    )
    if hides or ("style" in found and _HIDING_STYLE.search(found["style"])):
        region |= _HIDDEN
    return region


_remembered = lru_cache(maxsize=1024)(_by_attributes)


def _of_class(value: str) -> int:
    names = value.split(maxsplit=_MAX_NAMES)[:_MAX_NAMES]
    region: int = PageRegion.NONE
    for name in names:
        region |= _named(name.replace("_", "-"))
    if "messages" in names and not _KINDS_OF_MESSAGE.isdisjoint(names):
        region |= PageRegion.NOTE
    if any(each in names and opened.isdisjoint(names) for each, opened in _CLOSED.items()):
        region |= PageRegion.NOTE
    if region & PageRegion.HIDDEN and any(_SHOWING.fullmatch(each) for each in names):
        return PageRegion.NONE
    return region


def _of_id(value: str) -> int:
    return PageRegion.ASIDE if value in ASIDE_IDS else _named(value) & ~PageRegion.HIDDEN


@lru_cache(maxsize=2048)
def _named(name: str) -> int:
    """Return the region of a class in lower case, with hyphens for underscores."""
    if _HIDING.fullmatch(name):
        return _HIDDEN
    if name in ASIDE:
        return PageRegion.ASIDE
    if name in HEADER:
        return PageRegion.HEADER
    if _CONTENT.fullmatch(name):
        return PageRegion.CONTENT
    is_note = _has_word(name, NOTE, LAST_NOTE) or _MESSAGE.fullmatch(name) is not None
    return PageRegion.NOTE if is_note else PageRegion.NONE


def _has_word(name: str, anywhere: frozenset[str], last: frozenset[str]) -> bool:
    """Whether the name of a block that holds no text has one of these words."""
    words = _WORDS.split(name)
    if words[-1] in LAST_TEXT or _ABOUT_PAGE.match(name):
        return False
    return words[-1] in last or not anywhere.isdisjoint(words)
