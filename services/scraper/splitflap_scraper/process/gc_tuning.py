"""The garbage collector, out of the fetches' way.

It looks at all objects now and then, and nobody else runs meanwhile: 30 ms for what the libraries
have made at their import. A fetch leaves next to no cycles behind.
"""

import gc

#: Objects made, less those freed, before the youngest are looked at; 700 is Python's default, which
#: a few fetches under way exceed. 10,000 are 2 MiB, and 7 % of a fetch's CPU less.
YOUNG = 10_000

#: Looks at the youngest before the older ones are looked at, and looks at those before all are.
OLDER = 20
ALL = 50


def collect_rarely() -> None:
    """Called once all is imported and wired: what is there then is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, ALL)
