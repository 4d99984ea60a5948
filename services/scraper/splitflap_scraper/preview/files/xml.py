"""Reads elements of XML as texts between tags, without a tree."""

import re
from collections.abc import Iterator
from itertools import islice

from splitflap_scraper.page.markup import attributes, text_of, unescaped, unescaped_values

#: Characters read of a text, and of a long one. Each unclosed element has the rest of the file.
MAX_TEXT = 2048
MAX_LONG = 4096

#: Tags read of one kind, and characters of each. Real feeds have a dozen links.
MAX_TAGS = 20
MAX_TAG = 2048

_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)


def tags(text: str, *names: str) -> Iterator[dict[str, str]]:
    """Iterate over the attributes of the tags with these names."""
    found = re.compile(rf"<(?:{'|'.join(names)})(?=[\s/>])[^<>]*+>")
    for match in islice(found.finditer(text), MAX_TAGS):
        yield unescaped_values(attributes(match[0][:MAX_TAG]))


def first(text: str, *names: str, limit: int = MAX_TEXT) -> str:
    """Return the text of the first element with one of these names, or an empty one."""
    texts = (text_of(content(text, name, limit)).strip() for name in names)
    return next(filter(None, texts), "")


def content(text: str, name: str, limit: int = MAX_TEXT) -> str:
    """Return the content of the first element with a name, or an empty text."""
    begin = _begin_of(text, name)
    if begin is None:
        return ""
    end = text.find(f"</{name}", begin.end())
    inner = text[begin.end() : end if end >= 0 else None][:limit].strip()
    marked = _CDATA.match(inner)
    return marked[1] if marked else unescaped(inner, limit)


def without(text: str, name: str) -> tuple[str, str]:
    """Return a text without its first element of a name, and that element's content."""
    begin = _begin_of(text, name)
    if begin is None:
        return text, ""
    inner, _, after = text[begin.end() :].partition(f"</{name}")
    return text[: begin.start()] + after, inner


def _begin_of(text: str, name: str) -> re.Match[str] | None:
    """Find the start tag of the first element with a content."""
    return re.search(rf"<{name}(?:\s[^<>]*+)?(?<!/)>", text)
