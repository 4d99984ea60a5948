"""Raw HTML of a text: what is on the allow-list stays HTML, everything else is shown as written.

Both flavours pass each piece of raw HTML through `shown`, before the sanitiser. The sanitiser drops
an element that it does not know, sometimes with its content, and people write `<path>` and
`vector<int>` as words. A text may write no class, id or `data-` attribute: these are the parsers'.
"""

import html
import re

from splitflap_renderer.html.sanitiser import ATTRIBUTE_VALUES, ATTRIBUTES, TAGS
from splitflap_renderer.markdown.entities import decoded, only_entities

#: The tags of CommonMark 0.31.2, section 6.6. Possessive quantifiers keep the pattern linear.
_ATTRIBUTE = (
    r"\s++(?P<name>[A-Za-z_:][\w.:-]*+)"
    r"(?:\s*+=\s*+(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^\s\"'=<>`]++)))?"
)
_ATTRIBUTES = re.sub(r"\(\?P<\w+>", "(?:", _ATTRIBUTE)
#: A start tag or an end tag.
OPEN_OR_CLOSE = (
    rf"<(?P<open>[A-Za-z][A-Za-z0-9-]*+)(?P<attributes>(?:{_ATTRIBUTES})*+)\s*+/?>"
    r"|</(?P<close>[A-Za-z][A-Za-z0-9-]*+)\s*+>"
)
_PART = re.compile(
    rf"{OPEN_OR_CLOSE}|<!(?P<comment>--(?:-?>|(?:(?!-->).)*+-->))|<|[^<]++",
    re.DOTALL,
)
_NAMED = re.compile(_ATTRIBUTE)
_NEWLINE = re.compile(r"(?<! ) *\n *")

#: The tags of a link in a piece of raw HTML.
LINK_START = re.compile(r"(?i)<a[\s>]")
LINK_END = re.compile(r"(?i)</a[\s>]")

#: The attributes that a text may write, by element. A checkbox is written as `[ ]`.
WRITABLE = {
    tag: (ATTRIBUTES.get(tag, set()) | set(ATTRIBUTE_VALUES.get(tag, ()))) - {"class", "id"}
    for tag in TAGS - {"input"}
}


def shown(piece: str) -> str:
    """HTML that shows a piece of raw HTML: allowed tags stay, comments vanish, the rest is text."""
    return _PART.sub(_part, piece)


def shown_in_line(piece: str, *, breaks: bool) -> str:
    """The same for a piece within a line. With `breaks`, a newline of text is a line break."""
    html_ = shown(piece)
    return _NEWLINE.sub("<br>\n", html_) if breaks and html_.startswith("&lt;") else html_


def _part(found: re.Match[str]) -> str:
    if not found[0].startswith("<"):
        return only_entities(found[0])
    if found["comment"] is not None:
        return ""
    name = (found["open"] or found["close"] or "").lower()
    attributes = _allowed(name, found["attributes"] or "") if name in WRITABLE else None
    if attributes is None:
        return "&lt;" + only_entities(found[0][1:])
    return f"</{name}>" if found["close"] else f"<{name}{attributes}>"


def _allowed(tag: str, attributes: str) -> str | None:
    """The allowed attributes. None for words: `a <b and c> d` or `an <img> element`."""
    written = ""
    for found in _NAMED.finditer(attributes):
        name = found["name"].lower()
        if name in WRITABLE[tag]:
            value = found["double"] or found["single"] or found["bare"] or ""
            written += f' {name}="{html.escape(decoded(value))}"'
        elif "=" not in found[0]:
            return None
    return None if tag == "img" and " src=" not in written else written
