"""Types of options that several commands share."""

import math
import re
from typing import Any

import click

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}
_KUBERNETES_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
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


class Number(click.FloatRange):
    """A number within bounds. click's own type accepts `nan`, which is within none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse it; fails with the bounds."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


class KubernetesName(click.ParamType[str]):
    """A name or a label of an object in Kubernetes."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check it: it becomes a part of a path, or of a selector."""
        if not _KUBERNETES_NAME.fullmatch(value):
            self.fail(f"{value!r} is no name in Kubernetes", param, ctx)
        return str(value)


#: Most items that a command counts to, and most seconds that it waits: a year.
MAX_COUNT = 1_000_000_000
MAX_SECONDS = 365 * 86_400.0

DURATION = Duration()
SECONDS = Number(0, MAX_SECONDS, min_open=True)
KUBERNETES_NAME = KubernetesName()
