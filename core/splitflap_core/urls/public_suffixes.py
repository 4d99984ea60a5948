"""The public suffixes, such as `com`, `co.uk` and `github.io` (publicsuffix.org).

A name directly below one belongs to one owner, and a public suffix to none. Host names are in ASCII
and lower case.
"""

from publicsuffixlist import PublicSuffixList

#: The list changes a few times a year. It takes 30 ms to load, and 2 MiB.
_SUFFIXES = PublicSuffixList()


def is_public_suffix(name: str) -> bool:
    """Whether a host name is a public suffix. A top-level domain that the list lacks is one too."""
    return bool(_SUFFIXES.is_public(name))


def is_top_level(label: str) -> bool:
    """Whether a label is a known top-level domain."""
    return _SUFFIXES.publicsuffix(label, accept_unknown=False) is not None
