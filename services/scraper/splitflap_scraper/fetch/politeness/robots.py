"""What a site's robots.txt lets us ask (RFC 9309).

Written here because the files are hostile input too, and half a MiB of rules must not keep other
fetches waiting: they are read and compared in steps, between which others run, and each `*` is one
search, so that a path costs no more than its length for each rule.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from splitflap_scraper.fetch.reader import Head

#: Bytes of a file that are read (RFC 9309, section 2.5: at least 500 KiB).
MAX_BYTES = 500 * 1024

#: Bytes of a line: no path is longer.
MAX_LINE = 2_000

#: Characters of a path that are compared.
MAX_PATH = 2_000

#: Rules of a group that are kept, the first. Real files have up to some thousands; the collector's
#: look at 50,000 takes 30 ms.
MAX_RULES = 10_000

#: Lines, or rules, that are looked at before others run, and bytes: 6 ms for the worst tried.
STEP = 50
STEP_BYTES = 8 * 1024

#: Statuses of a site that is not to be asked now (RFC 9309, section 2.3.1.4); 429 says the same.
CLOSED = frozenset({429, *range(500, 600)})

#: A product token (RFC 9309, section 2.2.1); what else stands in a name is not compared.
_TOKEN = re.compile(r"[A-Za-z_-]+")
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_ASCII = "".join(map(chr, range(128)))
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class Rule:
    """An Allow or Disallow line: the pieces between its stars."""

    allow: bool
    pieces: tuple[str, ...]
    to_end: bool
    length: int

    def matches(self, path: str) -> bool:
        """Whether it is about this path; each piece is looked for once, from left to right."""
        first, *others = self.pieces
        if not path.startswith(first):
            return False
        at = len(first)
        for piece in others[:-1] if self.to_end else others:
            found = path.find(piece, at)
            if found < 0:
                return False
            at = found + len(piece)
        if not self.to_end:
            return True
        last = others[-1] if others else ""
        return (
            path.endswith(last)
            and len(path) - len(last) >= at
            and (bool(others) or at == len(path))
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of one agent at one site."""

    rules: tuple[Rule, ...] = ()

    @property
    def weight(self) -> int:
        """Bytes of memory, about."""
        return 200 + sum(200 + rule.length for rule in self.rules)

    def allow(self, path: str) -> bool:
        """Whether a path, with its query, may be asked for: the longest rule says so."""
        path = _normal(path[:MAX_PATH])
        best = (0, True)
        for number, rule in enumerate(self.rules):
            if number % STEP == STEP - 1:
                time.sleep(0)
            # An Allow beats a Disallow of the same length.
            if (rule.length, rule.allow) > best and rule.matches(path):
                best = (rule.length, rule.allow)
        return best[1] or path == "/robots.txt"


#: Of a site that says nothing.
EVERYTHING = Rules()


class RobotsReader:
    """Reads a robots.txt."""

    max_bytes = MAX_BYTES

    def __init__(self, head: Head) -> None:
        self._status = head.status
        self._data = bytearray()

    def feed(self, data: bytes, *, final: bool) -> bool:
        self._data += data
        return final or not 200 <= self._status < 300  # noqa: PLR2004 - the class of success

    @property
    def found(self) -> bool:
        return bool(self._data)

    def rules(self, product: str) -> Rules | None:
        """What it asks of a product; None where the site is in no state to say.

        A file that is not there asks for nothing (RFC 9309, section 2.3.1.3).
        """
        if self._status in CLOSED:
            return None
        return parse(bytes(self._data), product) if self._status < 300 else EVERYTHING  # noqa: PLR2004


def product_of(user_agent: str) -> str:
    """The name by which robots.txt knows an agent: the first product of its header."""
    match = _TOKEN.match(user_agent)
    return match[0].lower() if match else ""


def parse(data: bytes, product: str) -> Rules:
    """The rules of all groups that name a product, or of those for all if none does."""
    own: list[Rule] = []
    general: list[Rule] = []
    is_named = False
    agents: set[str] = set()
    in_rules = False
    for key, value in _lines(data):
        if key == "user-agent":
            agents = set() if in_rules else agents
            in_rules = False
            agents.add(_agent(value))
            is_named = is_named or product in agents
            continue
        in_rules = True
        # An empty pattern is about nothing.
        rules = own if product in agents else general if "*" in agents else None
        if value and rules is not None and len(rules) < MAX_RULES:
            rules.append(_rule(key, value))
    return Rules(tuple(own if is_named else general))


def _lines(data: bytes) -> Iterator[tuple[str, str]]:
    """The lines that count; others belong to no group, and end none."""
    data = data[:MAX_BYTES].removeprefix(b"\xef\xbb\xbf")
    at = number = turn_at = 0
    while at < len(data):
        end = _LINE_ENDS.search(data, at)
        line, at = data[at : end.start() if end else None], end.end() if end else len(data)
        number += 1
        if number % STEP == 0 or at - turn_at > STEP_BYTES:
            turn_at = at
            time.sleep(0)
        if len(line) > MAX_LINE:
            continue
        key, colon, value = line.partition(b"#")[0].decode("utf-8", "replace").partition(":")
        key = key.strip().lower()
        if colon and key in {"user-agent", "allow", "disallow"}:
            yield key, value.strip()


def _agent(value: str) -> str:
    return "*" if value.startswith("*") else product_of(value)


def _rule(key: str, value: str) -> Rule:
    to_end = value.endswith("$")
    pattern = _normal(value.removesuffix("$") if to_end else value)
    if not pattern.startswith(("/", "*")):
        pattern = "/" + pattern
    pieces = pattern.split("*")
    return Rule(key == "allow", tuple(pieces), to_end, len(pattern) + to_end)


def _normal(path: str) -> str:
    """A path in the one way that it can be compared in (RFC 9309, section 2.2.2)."""
    if not path.isascii():
        path = quote(path, safe=_ASCII, errors="replace")
    return _ESCAPE.sub(_unescaped, path) if "%" in path else path


def _unescaped(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()
