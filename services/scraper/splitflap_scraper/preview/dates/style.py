"""The order of day and month in a page, by its language, its country and its other dates."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal

Order = Literal["day first", "month first"]

#: Latest time from now, for wrong clocks and time zones.
SLACK = timedelta(days=2)

#: Countries of English by their order. Canada uses both.
_DAY_FIRST = frozenset(
    [
        "GB",
        "UK",
        "IE",
        "AU",
        "NZ",
        "IN",
        "ZA",
        "NG",
        "KE",
        "GH",
        "SG",
        "HK",
        "MY",
        "PK",
        "BD",
        "LK",
        "MT",
    ]
)
_MONTH_FIRST = frozenset({"US", "PH", "PR", "GU"})
#: Endings of hosts in the United States.
_AMERICAN = frozenset({"gov", "edu", "mil", "us"})
#: Languages that are written in countries of both orders, or use neither.
_UNSURE = frozenset({"", "en", "fil", "sw", "zh", "ja", "ko", "hu", "lt", "eu", "mn", "af"})

_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,2})([/-])(\d{1,2})\2(?:19|20)\d\d(?!\d)", re.ASCII)
_MONTHS = 12


@dataclass(frozen=True)
class DateStyle:
    """The language of a page's dates, their order if it is known, and the latest possible one."""

    language: str = ""
    find_order: Callable[[], Order | None] = lambda: None
    latest: datetime = field(default_factory=lambda: datetime.now(UTC) + SLACK)

    @cached_property
    def order(self) -> Order | None:
        """The order of day and month. Few dates need it, so it is found at its first use."""
        return self.find_order()


def order_of(tags: list[str], host: str, texts: str) -> Order | None:
    """Return the order of day and month by a page's dates, or by its languages and its host."""
    written = _order_in(texts)
    if written is not None:
        return written
    signs = {sign for each in tags if (sign := _order_of_tag(each))} | _signs_of_host(host)
    return next(iter(signs)) if len(signs) == 1 else None


def _order_in(texts: str) -> Order | None:
    """Return the order by dates with a day beyond 12."""
    orders: set[Order] = set()
    for first, _, second in _NUMERIC.findall(texts):
        if int(first) > _MONTHS >= int(second):
            orders.add("day first")
        elif int(second) > _MONTHS >= int(first):
            orders.add("month first")
    return next(iter(orders)) if len(orders) == 1 else None


def _order_of_tag(tag: str) -> Order | None:
    """Return the order of a language tag, such as `en-US`."""
    language, *rest = tag.split("-")
    if language not in _UNSURE:
        return None if "US" in rest else "day first"
    if language != "en":
        return None
    if not _DAY_FIRST.isdisjoint(rest):
        return "day first"
    return None if _MONTH_FIRST.isdisjoint(rest) else "month first"


def _signs_of_host(host: str) -> set[Order]:
    ending = host.rpartition(".")[2].lower()
    if ending in _AMERICAN:
        return {"month first"}
    return {"day first"} if ending.upper() in _DAY_FIRST else set()
