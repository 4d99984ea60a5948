"""Types of options that several commands share."""

import re
from typing import Any

import click

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?(s|min|m|h|d)")


class Duration(click.ParamType[float]):
    """A duration such as `90s`, `15min`, `2h` or `7d`, as seconds."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse it; fails with the expected form."""
        match = _DURATION.fullmatch(value)
        if match is None:
            self.fail(f"{value!r} is no duration such as 90s, 15min, 2h or 7d", param, ctx)
        return float(match[1]) * _UNITS[match[2]]


DURATION = Duration()
