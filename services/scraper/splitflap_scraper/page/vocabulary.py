"""What of a page matters to a preview: tags, texts and marks, and how many of each are kept."""

import re
from enum import IntFlag
from typing import NamedTuple

from splitflap_scraper.page.markup import REST_OF_TAG

#: Pieces kept of each kind. Pages have some dozens of metas and links.
MAX_PIECES = {
    "meta": 300, "link": 150, "base": 1, "html": 1, "title": 5, "script": 12, "noscript": 3,
    "h1": 6, "h2": 3, "p": 16, "img": 8, "time": 6,
}  # fmt: skip
MAX_MARKED = 150

#: Tags and comments looked at, kept or not: about 1.5 us each. And those of the body alone.
MAX_TOKENS = 6_000
MAX_BODY_TOKENS = 4_000

#: Longest tag, or text of a title, in characters. A longer tag is passed over, with what came along
#: with it.
MAX_TAG = 8192

#: Longest text of other elements, in characters. What is longer is cut.
MAX_TEXT = 4096

#: Characters of all pieces together, without JSON-LD. Pages have some 20 KiB.
MAX_ALL = 96 * 1024

#: Longest JSON-LD, in characters, and all of a page's.
MAX_JSON = 128 * 1024
MAX_ALL_JSON = 160 * 1024

#: Characters from a mark (`itemprop`) back to the begin of its tag, and on to the end of its text.
MARK_REACH = 1000
MARK_TEXT = 600

#: Longest tag of any name with a mark, in characters.
LONGEST_MARKED = 2 * MARK_REACH

#: Marks as React writes them, and what makes an element an item of microdata, in both spellings.
MARKS_OF_REACT = ("itemProp", "itemType")
ITEMS = ("itemscope", "itemScope")

#: Marks that are followed up, whether they are in a tag or not.
MAX_HITS = 600

#: No token is longer, so what may be the begin of one is kept for the next piece.
LONGEST_TOKEN = 16

TOKEN = re.compile(
    r"<(?=[!/a-z])(?:(!--)|(meta|link|script|p|img|/?(?:nav|aside|footer|header|article|main|dialog|head)|h[12]"
    r"|style|title|time|noscript|base|html|body|/html|svg|template|textarea|iframe|noframes|xmp"
    r"|plaintext)(?=[\s/>]))",
    re.IGNORECASE | re.ASCII,
)
END_OF_COMMENT = re.compile(r"--!?>")
#: Elements whose content is text, however much it looks like tags, or no part of the page.
END_OF_TEXT = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII)
    for name in ("title", "script", "style", "noframes", "iframe", "textarea", "xmp", "svg",
                 "template", "noscript", "h1", "h2", "time")
}  # fmt: skip
END_OF_TEXT["p"] = re.compile(
    r"</?(?:p|div|section|article|main|aside|nav|header|footer|ul|ol|dl|table|form|figure|pre"
    r"|blockquote|h[1-6]|body|html)(?=[\s/>])",
    re.IGNORECASE | re.ASCII,
)
#: Elements whose end tag is not looked at by itself.
SKIPPED = END_OF_TEXT.keys() - {"p", "h1", "h2", "time"}
KEPT_TAGS = frozenset({"meta", "link", "base", "html", "img"})
KEPT_TEXTS = {"title": MAX_TAG, "h1": MAX_TEXT, "h2": MAX_TEXT, "p": MAX_TEXT, "time": 200,
               "noscript": MAX_TEXT}  # fmt: skip
JSON_LD = re.compile(r"""type\s*=\s*["']?\s*application/ld\+json""", re.IGNORECASE | re.ASCII)

#: What makes a tag of any name matter: microdata, and who has written the page.
#: These are parts of what MARK finds, in either case of their first letters.
MARKS = ("itemprop", "itemtype", "uthor", "yline", "content", "post", "message")
MARK = re.compile(
    r"""\sitem(?:prop|type)\s*=|\srel\s*=\s*["']?author|\sclass\s*=\s*["'][^"'<>]{0,100}?(?:byline|author|\b(?:content|post-?body|postbody|entry|post-content|entry-content|article-body|article-content|message-?body|message-content|bbwrapper)[\s"'])""",
    re.IGNORECASE | re.ASCII,
)


class PageRegion(IntFlag):
    """Where in the page a piece stands."""

    NONE = 0
    BODY = 1
    ASIDE = 2
    HEADER = 4
    ARTICLE = 8


REGIONS = {
    "nav": PageRegion.ASIDE,
    "aside": PageRegion.ASIDE,
    "footer": PageRegion.ASIDE,
    "dialog": PageRegion.ASIDE,
    "header": PageRegion.HEADER,
    "article": PageRegion.ARTICLE,
    "main": PageRegion.ARTICLE,
}


class Piece(NamedTuple):
    """A tag, with the markup that it contains where that matters; `mark` is set for `MARKS`.

    `item` is the number of the innermost item of microdata around it, `own` that of the item that
    it is itself; 0 is none.
    """

    name: str
    tag: str
    inner: str = ""
    region: PageRegion = PageRegion.NONE
    mark: bool = False
    item: int = 0
    own: int = 0


WHOLE_TAG = re.compile(
    rf"<([a-z][a-z0-9-]{{0,30}})(?=[\s/])(?:{REST_OF_TAG.pattern})>", re.IGNORECASE | re.ASCII
)
