"""Reads robots.txt files and compares paths with their rules (RFC 9309).

A robots.txt is hostile input too, and half a MiB of rules must not delay other fetches. So the
module works in steps, and other green threads run between them. Each `*` of a rule is one search,
so a rule costs at most the length of the path.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from splitflap_scraper.fetch.http.reader import SUCCESS, Head

#: Bytes read of a file (RFC 9309, section 2.5: at least 500 KiB).
MAX_BYTES = 500 * 1024

#: Bytes of a line. Longer lines are skipped, since no path is as long.
MAX_LINE = 2_000

#: Characters of a path in a comparison.
MAX_PATH = 2_000

#: Rules of a group; later ones are dropped. Real files have up to some thousands. The garbage
#: collector takes 30 ms for 50,000.
MAX_RULES = 10_000

#: Lines, or rules, and bytes of one step: 6 ms for the worst tried.
STEP = 50
STEP_BYTES = 8 * 1024

#: Statuses of a closed site (RFC 9309, section 2.3.1.4), and 429, which has the same effect.
CLOSED = frozenset({429, *range(500, 600)})

#: A product token (RFC 9309, section 2.2.1). The comparison ignores the rest of a name.
_TOKEN = re.compile(r"[A-Za-z_-]+")
#: The place of the token in an agent that resembles a browser: `Mozilla/5.0 (compatible; Name/1)`.
_COMPATIBLE = re.compile(r"Mozilla/[\d.]+ \(compatible; ([A-Za-z_-]+)")
#: A byte order mark.
_MARK = b"\xef\xbb\xbf"
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_ASCII = "".join(map(chr, range(128)))
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """The rules of one site for one user agent: `+` for Allow or `-`, and the pattern.

    A rule is one text, since a file of 10,000 rules would be 40,000 objects else.
    """

    rules: tuple[str, ...] = ()

    @property
    def weight(self) -> int:
        """The approximate memory of the rules, in bytes."""
        return 200 + sum(60 + len(rule) for rule in self.rules)

    def allow(self, path: str) -> bool:
        """Whether the rules allow a path with its query. The longest matching rule decides."""
        path = _normal(path[:MAX_PATH])
        best = (0, True)
        for number, rule in enumerate(self.rules):
            if number % STEP == STEP - 1:
                time.sleep(0)
            # An Allow beats a Disallow of the same length.
            if (each := (len(rule), rule[0] == "+")) > best and _matches(rule, path):
                best = each
        return best[1] or path == "/robots.txt"


def _matches(rule: str, path: str) -> bool:
    """Whether a rule covers a path. It searches each piece once, from left to right."""
    to_end = rule[-1] == "$"
    first, *others = rule[1 : -1 if to_end else None].split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for piece in others[:-1] if to_end else others:
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    if not to_end:
        return True
    last = others[-1] if others else ""
    return path.endswith(last) and len(path) - len(last) >= at and (bool(others) or at == len(path))


ALLOW_ALL = RobotsRules()


class RobotsReader:
    """Reads the response to a request for robots.txt."""

    max_bytes = MAX_BYTES

    def __init__(self, head: Head) -> None:
        self._status = head.status
        self._data = bytearray()

    def feed(self, data: bytes, *, final: bool) -> bool:
        self._data += data
        return final or self._status not in SUCCESS

    @property
    def found(self) -> bool:
        return bool(self._data)

    def rules(self, product: str) -> RobotsRules | None:
        """Return the rules for a product, or None for a closed site.

        A missing file allows everything (RFC 9309, section 2.3.1.3).
        """
        if self._status in CLOSED:
            return None
        return parse(self._data, product) if self._status in SUCCESS else ALLOW_ALL


def product_of(user_agent: str) -> str:
    """Return the product token of a User-Agent header: its first word.

    The first word of an agent that resembles a browser is not its name.
    """
    compatible = _COMPATIBLE.match(user_agent)
    match = compatible or _TOKEN.match(user_agent)
    return match[match.lastindex or 0].lower() if match else ""


class _Group:
    """The rules of one or more groups, up to a number and a size."""

    def __init__(self) -> None:
        self.rules: list[str] = []
        self._characters_left = MAX_BYTES

    def add(self, rule: str) -> None:
        self._characters_left -= len(rule)
        if len(self.rules) < MAX_RULES and self._characters_left >= 0:
            self.rules.append(rule)


def parse(data: bytes | bytearray, product: str) -> RobotsRules:
    """Return the rules of all groups for a product, else the rules for all agents."""
    own, general = _Group(), _Group()
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
        group = own if product in agents else general if "*" in agents else None
        # An empty pattern covers no path.
        if value and group is not None:
            group.add(_rule(key, value))
    return RobotsRules(tuple((own if is_named else general).rules))


def _lines(data: bytes | bytearray) -> Iterator[tuple[str, str]]:
    """Iterate over the relevant lines. Other lines neither begin nor end a group."""
    at = step_at = len(_MARK) if data.startswith(_MARK) else 0
    number = 0
    while at < len(data):
        end = _LINE_ENDS.search(data, at)
        line, at = data[at : end.start() if end else None], end.end() if end else len(data)
        number += 1
        if number % STEP == 0 or at - step_at > STEP_BYTES:
            step_at = at
            time.sleep(0)
        if len(line) > MAX_LINE:
            continue
        key, colon, value = line.partition(b"#")[0].decode("utf-8", "replace").partition(":")
        key = key.strip().lower()
        if colon and key in {"user-agent", "allow", "disallow"}:
            yield key, value.strip()


def _agent(value: str) -> str:
    return "*" if value.startswith("*") else product_of(value)


def _rule(key: str, value: str) -> str:
    pattern = _normal(value)
    slash = "" if pattern.startswith(("/", "*")) else "/"
    return ("+" if key == "allow" else "-") + slash + pattern


def _normal(path: str) -> str:
    """Return a path in its one comparable form (RFC 9309, section 2.2.2)."""
    if not path.isascii():
        path = quote(path, safe=_ASCII, errors="replace")
    return _ESCAPE.sub(_unescaped, path) if "%" in path else path


def _unescaped(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else match[0].upper()
