"""The tags and texts of sanitised HTML. It is so regular that one pattern matches all of it."""

import re

TOKEN = re.compile(
    r"<(?P<end>/?)(?P<tag>[a-z][a-z0-9]*)(?P<attributes>(?: [a-z-]+=\"[^\"]*\")*)>|(?P<text>[^<]+)"
)

#: Elements within a line. All others are blocks: they separate words.
INLINE = {
    *("a", "abbr", "b", "cite", "code", "del", "em", "i", "img", "input", "ins", "kbd", "mark"),
    *("q", "s", "samp", "small", "span", "strong", "sub", "sup", "u", "var", "ruby", "rt", "rp"),
}

#: Elements without an end tag.
VOID = frozenset({"br", "hr", "img", "input"})

#: Elements with code: their text has no names.
CODE = frozenset({"pre", "code", "kbd", "samp"})

_TAG = re.compile(r"<[^>]*>")


def without_tags(html: str) -> str:
    """The text of HTML, with its escapes."""
    return _TAG.sub("", html) if "<" in html else html
