"""Reads prices and currencies as pages write them. A doubtful one is none."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from splitflap_scraper.preview.words import load

#: Largest price that is shown. A larger one is a mistake.
MAX_PRICE = Decimal(10) ** 12

#: Digits of a group, as in 1,299.
_GROUP = 3


class _Currencies(msgspec.Struct, frozen=True):
    codes: list[str]
    thousandths: list[str]


_WORDS = load("currencies", _Currencies)
_CODES = frozenset(_WORDS.codes)
_THOUSANDTHS = frozenset(_WORDS.thousandths)

#: A number, with white space or apostrophes between its groups, and a currency beside it.
_NUMBER = re.compile(
    r"[^\d.,-]{0,10}(\d{1,12}(?:[\s.,'\u2019]\d{1,6}){0,5})(?:[.,][-\u2013]{1,2})?[^\d]{0,10}"
)


def currency_in(text: str | None) -> str | None:
    """Return the code of ISO 4217 in a text, or None."""
    code = (text or "").strip().upper()
    return code if code in _CODES else None


def decimal_in(value: Any, currency: str) -> Decimal | None:
    """Return a price above zero, or None. A zero stands for an unknown price in many shops."""
    if isinstance(value, bool):
        return None
    number = f"{value:.12g}" if isinstance(value, int | float) else _number(value, currency)
    try:
        price = Decimal(number or "")
    except InvalidOperation:
        return None
    if not price.is_finite() or not 0 < price < MAX_PRICE:
        return None
    rounded = price.quantize(Decimal("0.0001")).normalize()
    return _plain(rounded, price) if rounded > 0 else None


def _plain(rounded: Decimal, price: Decimal) -> Decimal:
    """Return a number without an exponent. It keeps the zeros of `19.90`."""
    places = max(-int(rounded.as_tuple().exponent), min(-int(price.as_tuple().exponent), 2), 0)
    return rounded.quantize(Decimal(1).scaleb(-places))


def _number(value: Any, currency: str) -> str | None:
    """Return a number with a decimal point, from a text with separators of any country."""
    found = _NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    text = re.sub(r"[\s'\u2019]", "", found[1])
    separators = re.findall(r"[.,]", text)
    if not separators:
        return text
    head, last, tail = text.rpartition(separators[-1])
    digits = re.sub(r"[.,]", "", head)
    if separators.count(last) > 1:
        return digits + tail if len(tail) == _GROUP else None
    may_be_group = len(separators) == 1 and len(tail) == _GROUP >= len(head) and head != "0"
    if may_be_group and currency not in _THOUSANDTHS:
        # 1,299 has a group. 1.299 is a group in Germany, and a decimal number in data.
        return digits + tail if last == "," else None
    return f"{digits}.{tail}"
