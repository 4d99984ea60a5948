"""Reads the JSON-LD (schema.org) of real pages: scripts, also broken ones, and values of nodes."""

import json
import re
from typing import Any

from splitflap_scraper.page.markup import unescaped
from splitflap_scraper.page.pace import Pace
from splitflap_scraper.page.vocabulary import MAX_JSON
from splitflap_scraper.preview.words.types import TYPES

#: Values of a list, and texts of JSON in a script. Real pages have a dozen relevant ones.
MAX_VALUES = 20
MAX_TEXTS = 20

#: Types read of a node.
MAX_TYPES = 5

#: The first number that is no text.
MAX_NUMBER = 1e15

#: Characters read of a text: more than those of the longest description.
MAX_TEXT = 8192

#: Types of nodes, with the type of the preview; and their rank, if several nodes describe a page.
_KIND_OF = {name: kind for kind, names in TYPES.schema_org.items() for name in names}
RANK = {name: rank for rank, name in enumerate(_KIND_OF)}

#: Types of pages, of pages that list others, of the owners of sites, of things beside a topic, and
#: of parts of pages.
PAGES = frozenset(TYPES.roles["pages"])
LISTS = frozenset(TYPES.roles["lists"])
ORGANIZATIONS = frozenset(TYPES.roles["organizations"])
OWNERS = ORGANIZATIONS | frozenset(TYPES.roles["owners"])
BESIDE = frozenset(TYPES.roles["beside"])
PARTS = frozenset(TYPES.roles["parts"])

#: Characters read of a script with escaped quotes, and lists and objects of one that is parsed.
MAX_ESCAPED = 16 * 1024
MAX_CONTAINERS = 20_000

#: Comments and sections around a script.
_BEFORE = ("<!--", "//<![CDATA[", "<![CDATA[")
_AFTER = ("-->", "//]]>", "]]>", ";")
_TRAILING_COMMA = re.compile(r",(?=\s{0,20}+[}\]])")
#: JSON with its quotes escaped as in an attribute.
_ESCAPED = re.compile(r"\s*[\[{]\s*(?:\{\s*)?&quot;")
_BETWEEN = re.compile(r"[\s,;]*")
_LOOSE = re.compile(
    r'"(headline|datePublished|uploadDate|description)"\s{0,9}:\s{0,9}"((?:[^"\\]|\\.){1,2000})"',
    re.DOTALL,
)
_LOOSE_AUTHOR = re.compile(
    r'"author"\s{0,9}:\s{0,9}\[?\s{0,9}\{[^{}]{0,500}?"name"\s{0,9}:\s{0,9}"((?:[^"\\]|\\.){1,200})"'
)
_LOOSE_TYPE = re.compile(r'"@type"\s{0,9}:\s{0,9}"(\w{1,40})"')

Node = dict[str, Any]

#: Line feeds in strings are common, but invalid in strict JSON.
_DECODER = json.JSONDecoder(strict=False, parse_int=float)


def types(node: Node) -> list[str]:
    """Return the types of a node, stripped of their vocabulary."""
    name = node.get("@type")
    if isinstance(name, str) and name.isalnum():
        return [name]
    found = [
        each if each.isalnum() else each[max(map(each.rfind, "/#:")) + 1 :]
        for each in values(name)[:MAX_TYPES]
        if isinstance(each, str)
    ]
    # Some plug-ins forget the type of their article.
    return found or (["Article"] if "headline" in node and "@type" not in node else [])


def preview_type(node: Node | None) -> str | None:
    """Return the type of the preview by the type of a node."""
    names = types(node) if node else ()
    return next((_KIND_OF[each] for each in names if each in _KIND_OF), None)


def values(value: Any) -> list[Any]:
    """Return the values of a property as a list."""
    if isinstance(value, dict) and isinstance(value.get("@list"), list):
        value = value["@list"]
    if isinstance(value, list):
        return [each for each in value[:MAX_VALUES] if each not in (None, "")]
    return [] if value in (None, "") else [value]


def text_in(value: Any) -> str | None:
    """Return a text, or the name of a thing, or None."""
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value") or full_name(value)
    if isinstance(value, list):
        value = next(iter(value), None)
    if isinstance(value, float):
        # Books are called 1984. The parser reads all numbers as floats, and Infinity too.
        is_short = abs(value) < MAX_NUMBER
        value = (int(value) if value.is_integer() else value) if is_short else ""
    is_text = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return str(value)[:MAX_TEXT] if is_text and value != "" else None


def single(value: Any) -> Any:
    """Unwrap a list of one value."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def full_name(person: Node) -> str:
    """Join the given and family name of a person. Empty if both are missing."""
    parts = (single(person.get("givenName")), single(person.get("familyName")))
    return " ".join(each[:MAX_TEXT] for each in parts if isinstance(each, str))


def parsed(script: str, pace: Pace) -> list[Any]:
    """Parse the texts of JSON in a script.

    For a truncated or broken one, find the main properties by patterns.
    """
    bare = _unwrapped(script)
    if _ESCAPED.match(bare):
        bare = pace.after(unescaped(bare, MAX_ESCAPED))
    if len(script) < MAX_JSON and bare.count("{") + bare.count("[") <= MAX_CONTAINERS:
        found = pace.after(_texts(bare))
        if found is None:
            found = pace.after(_texts(_TRAILING_COMMA.sub("", bare)))
        if found is not None:
            return found
    return [pace.after(_loose(bare))]


def _texts(script: str) -> list[Any] | None:
    """Parse texts of JSON that follow each other. Return None for an invalid one."""
    found: list[Any] = []
    at = _end_of_space(script, 0)
    try:
        while at < len(script) and len(found) < MAX_TEXTS:
            value, end = _DECODER.raw_decode(script, at)
            found.append(value)
            at = _end_of_space(script, end)
    except (ValueError, RecursionError):
        return None
    return found


def _end_of_space(script: str, at: int) -> int:
    space = _BETWEEN.match(script, at)
    return space.end() if space else at


def _unwrapped(script: str) -> str:
    bare = script.strip()
    bare = bare.removeprefix(next((each for each in _BEFORE if bare.startswith(each)), ""))
    bare = bare.removesuffix(next((each for each in _AFTER if bare.endswith(each)), ""))
    return bare.strip()


def _loose(script: str) -> Node:
    node: Node = {}
    for name, value in _LOOSE.findall(script):
        if name not in node:
            node[name] = _unquoted(value)
    if author := _LOOSE_AUTHOR.search(script):
        node["author"] = _unquoted(author[1])
    if node and (found := next((t for t in _LOOSE_TYPE.findall(script) if t in _KIND_OF), None)):
        node["@type"] = found
    return node


def _unquoted(string: str) -> str:
    try:
        value = json.loads(f'"{string}"', strict=False)
    except ValueError:
        return string
    return str(value)
