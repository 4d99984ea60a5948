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
    return _words(inspect.type_info(hint))


def _sentence(name: str) -> str:
    near = get_close_matches(name, known_names(), n=1, cutoff=SIMILAR)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{name} is no setting of Splitflap and has no effect{meant}"


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.Metadata():
            return _words(kind.type)
        case inspect.UnionType():
            return " or ".join(
                _words(each) for each in kind.types if not isinstance(each, inspect.NoneType)
            )
        case inspect.IntType() | inspect.FloatType():
            whole = "whole " if isinstance(kind, inspect.IntType) else ""
            return f"a {whole}number{_range(kind)}"
        case inspect.BoolType():
            return "true or false"
        case inspect.LiteralType():
            return " or ".join(f"`{each}`" for each in kind.values)
        case inspect.StrType():
            return _length(kind)
    raise TypeError(f"a setting of the type {kind} has no words")


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f" from {kind.ge} to {kind.le}"
    bounds = [
        f"{words} {bound}"
        for words, bound in (
            ("above", kind.gt),
            ("of at least", kind.ge),
            ("below", kind.lt),
            ("up to", kind.le),
        )
        if bound is not None
    ]
    return f" {' and '.join(bounds)}" if bounds else ""


def _length(kind: inspect.StrType) -> str:
    form = " of the form below" if kind.pattern else ""
    if kind.min_length and kind.max_length:
        return f"{kind.min_length} to {kind.max_length} characters{form}"
    if kind.max_length:
        return f"at most {kind.max_length} characters{form}"
    return f"a text{form}" if form else "a text that is not empty"
