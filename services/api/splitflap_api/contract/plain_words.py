"""Wrong bodies and queries in the words of JSON: the one place for msgspec's errors.

Clients are written in any language. A message speaks of strings, numbers, lists and objects.
"""

import json
import re
from typing import Any

import msgspec
from msgspec import inspect
from splitflap_core.wording.expectations import expected

from splitflap_api.contract.patterns import EXPECTED

#: Characters of a field's name in a refusal.
MAX_NAME = 100

#: The end of a message of msgspec: the place of the error.
_AT = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`\Z")
#: A field's name, and the item of a list that has or lacks it.
_IN_ITEM = re.compile(r"(.*)` - at `\$\.(\w+\[[0-9]+\])`", re.DOTALL)
_STEP = re.compile(r"[^.\[\]]+")
_GOT = re.compile(r"got `(\w+)`")
_MISSING = "Object missing required field `"
_UNKNOWN = "Object contains unknown field `"
_MALFORMED = re.compile(r"JSON is malformed: (.*) \(byte ([0-9]+)\)")

#: The kinds of JSON values by msgspec's names for them.
_KINDS = {
    "str": "a string",
    "int": "a number",
    "float": "a number",
    "bool": "a boolean",
    "null": "null",
    "array": "a list",
    "object": "an object",
}


def wrong_value(
    error: msgspec.ValidationError, model: Any, *, has_kinds: bool = True
) -> tuple[str, str]:
    """The field with the error, and its message. The field is empty for the value itself.

    `has_kinds` is false for a query: all its values are texts.
    """
    message = str(error)
    for beginning, complaint in ((_UNKNOWN, "is not known here"), (_MISSING, "is required")):
        if message.startswith(beginning):
            name = message.removeprefix(beginning)
            if item := _IN_ITEM.fullmatch(name):
                return f"{item[2]}.{item[1][:MAX_NAME]}", complaint
            return name.rpartition("`")[0][:MAX_NAME], complaint
    at = _AT.search(message)
    place = at[1] if at else ""
    words = f"expected {expected(_type_at(model, place), EXPECTED)}"
    got = _GOT.search(message[: at.start()] if at else message) if has_kinds else None
    return place, f"{words}, got {_KINDS[got[1]]}" if got and got[1] in _KINDS else words


def broken_json(data: bytes, error: Exception) -> str:
    """The fault of data with broken JSON."""
    try:
        text = data.decode()
    except UnicodeDecodeError as broken:
        return f"it is not UTF-8 at byte {broken.start}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if _has_half_a_surrogate(text):
        return r"an escape such as \ud800 is half of a surrogate pair"
    malformed = _MALFORMED.fullmatch(str(error))
    return f"{malformed[1]} at byte {malformed[2]}" if malformed else "it ends too early"


def _has_half_a_surrogate(text: str) -> bool:
    """Whether this is the one fault of the text. Python's parser accepts half a pair."""
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    """Python's parser also accepts NaN and Infinity."""
    raise ValueError(constant)


def _type_at(model: Any, place: str) -> inspect.Type:
    """The declared type at a place such as `scopes[1]`."""
    kind: inspect.Type = inspect.type_info(model)
    for step in _STEP.findall(place):
        kind = _bare(kind)
        if isinstance(kind, inspect.ListType):
            kind = kind.item_type
        elif isinstance(kind, inspect.StructType):
            kind = next(each.type for each in kind.fields if each.encode_name == step)
    return kind


def _bare(kind: inspect.Type) -> inspect.Type:
    """The type behind its annotations; of an optional one, the type beside null."""
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        return _bare(next(each for each in kind.types if not isinstance(each, inspect.NoneType)))
    return kind
