"""The values of a type of msgspec in words for people, instead of Python's names."""

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import inspect

#: A time with an offset, in words.
MOMENT = "a time with an offset from UTC, such as 2026-01-02T03:04:05Z"

NO_FORMS: Mapping[str, str] = MappingProxyType({})


def expected(kind: inspect.Type, forms: Mapping[str, str] = NO_FORMS) -> str:
    """The values of a type in words: `a whole number from 1 to 100`.

    `forms` has the words for patterns.
    """
    match kind:
        case inspect.Metadata():
            words = expected(kind.type, forms)
        case inspect.UnionType():
            options = (each for each in kind.types if not isinstance(each, inspect.NoneType))
            words = " or ".join(expected(each, forms) for each in options)
        case inspect.IntType() | inspect.FloatType():
            whole = "whole " if isinstance(kind, inspect.IntType) else ""
            words = f"a {whole}number{_range(kind)}"
        case inspect.BoolType():
            words = "true or false"
        case inspect.LiteralType():
            words = " or ".join(f"`{each}`" for each in kind.values)
        case inspect.StrType():
            words = forms.get(kind.pattern or "") or _text(kind)
        case inspect.ListType():
            words = _list(kind)
        case inspect.DateTimeType():
            words = MOMENT
        case inspect.StructType():
            words = "an object"
        case _:
            raise TypeError(f"the type {kind} has no words")
    return words


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


def _text(kind: inspect.StrType) -> str:
    form = " of the form below" if kind.pattern else ""
    if length := _length(kind):
        return f"{length} characters{form}"
    return f"a text{form}" if form else f"a string{_not_empty(kind)}"


def _list(kind: inspect.ListType) -> str:
    length = _length(kind)
    return f"a list of {length} items" if length else f"a list{_not_empty(kind)}"


def _length(kind: inspect.StrType | inspect.ListType) -> str:
    """The bounds of a length; empty without any, and for "not empty"."""
    least, most = kind.min_length or 0, kind.max_length
    if most is None:
        return f"at least {least}" if least > 1 else ""
    if least == most:
        return f"exactly {most}"
    return f"{least} to {most}" if least else f"at most {most}"


def _not_empty(kind: inspect.StrType | inspect.ListType) -> str:
    return " that is not empty" if kind.min_length else ""
