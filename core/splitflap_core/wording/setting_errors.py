"""Wrong and unknown settings in plain words.

`setting_names.txt` has the names of all variables that any part of Splitflap reads; `make docs`
writes it. All services may share one file of variables, so a variable of another service is known.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import inspect

from splitflap_core.wording.expectations import expected

#: Similarity (0 to 1) from which a known name counts as the meant one.
SIMILAR = 0.75

#: Longest quoted value, in characters.
MAX_QUOTED = 100


@cache
def known_names() -> frozenset[str]:
    """The variables that any part of Splitflap reads."""
    text = files("splitflap_core").joinpath("setting_names.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def unknown_settings(environ: Mapping[str, str], prefix: str) -> list[str]:
    """One sentence for each set variable with the prefix that no part of Splitflap reads."""
    unread = (name for name, text in environ.items() if name.startswith(prefix) and text)
    return [_sentence(name) for name in sorted(unread) if name not in known_names()]


def quoted(value: str) -> str:
    """A value as a message shows it: short, and without control characters."""
    short = value if len(value) <= MAX_QUOTED else f"{value[:MAX_QUOTED]}..."
    return ascii(short) if not short.isprintable() else repr(short)


def expectation(hint: Any) -> str:
    """The values that a setting takes, in words: `a whole number from 1 to 65535`."""
    return expected(inspect.type_info(hint))


def _sentence(name: str) -> str:
    near = get_close_matches(name, known_names(), n=1, cutoff=SIMILAR)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{name} is no setting of Splitflap and has no effect{meant}"
