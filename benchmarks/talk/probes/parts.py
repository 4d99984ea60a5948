"""Parts of an experiment that share nothing but a database."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from benchmarks.talk.context import Context, context
from benchmarks.talk.experiment import Row

Part = Callable[[Context], Sequence[Row]]

#: Parts of a quick run at the same time.
AT_ONCE = 3


def rows_of(parts: Sequence[Part], whole: Context) -> list[Row]:
    """The rows of all parts, one part after the other.

    No figure of a quick run is a time. So its parts run side by side, each with a site of its own:
    the site counts the requests in flight.
    """
    if not whole.quick:
        return list(chain.from_iterable(part(whole) for part in parts))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(chain.from_iterable(pool.map(lambda part: _alone(part, whole), parts)))


def _alone(part: Part, whole: Context) -> Sequence[Row]:
    with context(quick=True, first=whole.first) as own:
        return part(own)
