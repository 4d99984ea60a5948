"""The tags, texts and marks of a page that matter to a preview, with the limits of each kind."""

import re
from typing import NamedTuple

from splitflap_scraper.page.markup import REST_OF_TAG, any_name
from splitflap_scraper.page.regions import PageRegion

#: Pieces kept of each kind. Real pages have some dozens of metas and links.
MAX_PIECES = {
    "meta": 300, "link": 150, "base": 1, "html": 1, "title": 5, "script": 12, "noscript": 3,
    "h1": 6, "h2": 6, "h3": 6, "p": 16, "img": 8, "amp-img": 8, "source": 8, "video": 2,
    "amp-video": 2, "time": 6, "other images": 6,
}  # fmt: skip
MAX_MARKED = 150

#: Tags and comments scanned in a page, and in its body: about 1.5 us each.
MAX_TOKENS = 6_000
MAX_BODY_TOKENS = 4_000

#: Characters scanned in full, and of a page in all. Scripts, styles, comments and other skipped
#: elements do not count: they cost a tenth.
MAX_FULL = 512 * 1024
MAX_SCANNED = 1024 * 1024

#: Tags and comments after the part that is scanned in full.
MAX_LATE_TOKENS = 3_000

#: Longest tag, and longest text of a title, in characters. Of a longer tag only the name counts.
MAX_TAG = 8192

#: Longest text of other elements, in characters. A longer one is cut.
MAX_TEXT = 4096

#: Characters of all pieces beside JSON-LD. Real pages have some 20 KiB.
MAX_ALL = 96 * 1024

#: Characters of one script of JSON-LD, and of all.
MAX_JSON = 128 * 1024
MAX_ALL_JSON = 160 * 1024

#: Longest distance in characters from a mark back to the start of its tag, and on to the end of its
#: text.
MARK_REACH = 1000
MARK_TEXT = 600

#: Longest marked tag, in characters.
LONGEST_MARKED = 2 * MARK_REACH

#: Marks examined, in tags or not.
MAX_HITS = 600

#: Longest token in characters. The end of a piece may be the start of a token, so it is kept.
LONGEST_TOKEN = 16

_LANDMARKS = ("nav", "aside", "footer", "header", "article", "main", "dialog", "head")
_TOKENS = (
    *(
        "meta",
        "link",
        "script",
        "p",
        "img",
        "amp-img",
        "amp-video",
        "source",
        "video",
        "h1",
        "h2",
        "h3",
    ),
    *("style", "title", "time", "noscript", "base", "html", "/html", "body", "svg", "template"),
    *("textarea", "iframe", "noframes", "xmp", "plaintext"),
    *_LANDMARKS,
    *(f"/{name}" for name in _LANDMARKS),
)
#: Tokens after the part that is scanned in full: JSON-LD and metas at the end of long pages.
_LATE_TOKENS = ("script", "style", "meta", "/html")
#: A comment, or a tag with its name and its end, if that has arrived.
TOKEN, LATE_TOKEN = (
    re.compile(rf"<(?:(!--)|({any_name(names)})(?=[\s/>])(?:{REST_OF_TAG.pattern})(>?))", re.ASCII)
    for names in (_TOKENS, _LATE_TOKENS)
)
END_OF_COMMENT = re.compile(r"--!?>")
#: Elements with a text for content, or with content beside the page.
END_OF_TEXT = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII)
    for name in ("title", "script", "style", "noframes", "iframe", "textarea", "xmp", "svg",
                 "template", "noscript", "h1", "h2", "h3", "time")
}  # fmt: skip
END_OF_TEXT["p"] = re.compile(
    r"</?(?:p|div|section|article|main|aside|nav|header|footer|ul|ol|dl|table|form|figure|pre"
    r"|blockquote|h[1-6]|body|html|t[dhr]|li|d[dt]|center|hr)(?=[\s/>])"
    r"|<br ?/?>\s{0,6}<br(?=[\s/>])",
    re.IGNORECASE | re.ASCII,
)
#: Elements with a picture: those of AMP, and those of <picture> and <video>, too.
IMAGES = frozenset({"img", "amp-img", "amp-video", "source", "video"})
#: Elements without content.
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta",
                  "source", "track", "wbr"})  # fmt: skip
#: Elements skipped up to their end tags.
SKIPPED = END_OF_TEXT.keys() - {"p", "h1", "h2", "h3", "time"}
KEPT_TAGS = frozenset({"meta", "link", "base", "html", *IMAGES})
#: Elements that are never seen, so that no attribute hides them.
OF_HEAD = frozenset({"meta", "link", "base", "html", "title", "script", "noscript"})
KEPT_TEXTS = {"title": MAX_TAG, "h1": MAX_TEXT, "h2": MAX_TEXT, "h3": 600, "p": MAX_TEXT,
              "time": 200, "noscript": MAX_TEXT}  # fmt: skip
JSON_LD = re.compile(r"""type\s*+=\s*+["']?\s*+application/ld\+json""", re.IGNORECASE | re.ASCII)

#: Marks of a relevant tag of any name: microdata, RDFa, and the author of the page. HINT matches a
#: part of each, and is fast: each alternative begins with a letter. It leaves out first letters
#: that may be capitals.
_HINT = "item(?:[Pp]rop|[Tt]ype)|property=|typeof=|uthor|yline"
HINT = re.compile(_HINT)
_MARKED = (
    r"""(?:item(?:prop|type)\s*|property|typeof)=|rel\s*=\s*["']?author"""
    r"""|class\s*=\s*["'][^"'<>]{0,100}?(?:byline|author)"""
)
MARK = re.compile(rf"\s(?:{_MARKED})", re.IGNORECASE | re.ASCII)

#: Marks of a date or of an author in any attribute. They are for excerpts alone.
HINT_OR_DATE = re.compile(
    rf"{_HINT}|date|Date|time|Time|ublish|osted|meta|Meta|ubmitted|vcard|h-card|username|fecha"
)
_VALUE = r"""(?:"[^"<>]{0,100}?|'[^'<>]{0,100}?|[^\s"'<>=]{0,60}?)"""
DATED = (
    rf"""(?:class|id|property)\s*=\s*{_VALUE}(?:date|datum|fecha|publish|pub_|posted|time|submitted"""
    r"""|created|written|(?:post|entry|article|news|story|page|blog)[\w-]{0,3}meta|\bmeta\b"""
    r"""|byline|author|writer|\bh-card|\bvcard|\bfn\b|\busername\b|\d{4}-\d\d-\d\d)"""
    r"""|rel\s*=\s*["']?author|(?:data-)?(?:date-?time|timestamp|u?time|utc|published|pubdate|date)\s*="""
)
MARK_OR_DATE = re.compile(rf"\s(?:{_MARKED}|{DATED})", re.IGNORECASE | re.ASCII)


def has_items(text: str) -> bool:
    """Whether a text has the attributes of items: microdata, also in React's spelling, or RDFa."""
    return "itemscope" in text or "itemScope" in text or "typeof=" in text


class Piece(NamedTuple):
    """A tag with its inner markup, if that is relevant. `mark` is true if a mark found the tag.

    `item` is the number of the innermost item of microdata around the tag, and `own` is the number
    of the tag's own item; 0 is no item.
    """

    name: str
    tag: str
    inner: str = ""
    region: int = PageRegion.NONE
    mark: bool = False
    item: int = 0
    own: int = 0


WHOLE_TAG = re.compile(
    rf"<([a-z][a-z0-9-]{{0,30}})(?=[\s/])(?:{REST_OF_TAG.pattern})>", re.IGNORECASE | re.ASCII
)
