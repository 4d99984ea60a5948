"""Emoji codes such as `:tada:`, the same as GitHub's.

The data is gemoji's (https://github.com/github/gemoji, MIT), as pymdown-extensions ships it. Each
code gives the fully qualified sequence of Unicode (UTS #51), with its joiners and variation
selectors: without them, `:heart:` is a black sign, and a family is four people.
"""

from functools import cache

from pymdownx import gemoji_db

#: Longest code with its colons, in characters. Every code of gemoji is shorter.
MAX_CODE = 64


def emoji(code: str) -> str | None:
    """The characters of a code with its colons; None for an unknown code."""
    return _characters().get(code)


@cache
def _characters() -> dict[str, str]:
    known = {
        code: "".join(chr(int(point, 16)) for point in _points(entry).split("-"))
        for code, entry in gemoji_db.emoji.items()
        if "unicode" in entry
    }
    known |= {alias: known[code] for alias, code in gemoji_db.aliases.items() if code in known}
    return known


def _points(entry: dict[str, str]) -> str:
    """The code points. `unicode` names a picture, without joiners and variation selectors."""
    return entry.get("unicode_alt") or entry["unicode"]
