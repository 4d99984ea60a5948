"""The public suffixes, such as `com`, `co.uk` and `github.io` (publicsuffix.org).

A name directly below one belongs to one owner, and a public suffix to none.
"""

from collections.abc import Callable
from functools import cache

from publicsuffixlist import PublicSuffixList

#: Whether a host name, in ASCII and lower case, is a public suffix.
IsPublicSuffix = Callable[[str], bool]


@cache
def public_suffixes() -> IsPublicSuffix:
    """Load the list of the package: 30 ms. A top-level domain that it lacks is a suffix too."""
    is_public: IsPublicSuffix = PublicSuffixList().is_public
    return is_public
