"""The sources of an image: pages name them in many attributes, and in lists of sizes."""

from collections.abc import Callable, Iterator

#: Attributes with the source of an image that a script loads later, before the usual one.
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-original-src", "data-orig-file",
         "data-large-file", "data-hi-res-src", "data-url", "data-image", "data-echo",
         "data-actualsrc", "file")  # fmt: skip
_LISTS = ("data-srcset", "data-lazy-srcset", "srcset")

#: Largest width in pixels that a card needs; and the assumed one of an image of density 1.
BEST_WIDTH = 1600
PLAIN_WIDTH = 800

#: Candidates read of a list.
MAX_CANDIDATES = 20


def sources_of(get: Callable[[str], str]) -> list[str]:
    """Return the sources of an image by its attributes, the surest first."""
    found = [get(name) for name in (*_LAZY, "src", "poster")]
    found += [_best(get(name)) for name in _LISTS]
    # Scripts fill in the width.
    whole = (each.replace("{width}", str(PLAIN_WIDTH)) for each in found)
    return [each for each in dict.fromkeys(whole) if each and not each.startswith("data:")]


def _best(srcset: str) -> str:
    """Return the largest image of a srcset that is not larger than a card needs."""
    ranked = [(size <= BEST_WIDTH, size if size <= BEST_WIDTH else -size, url)
              for url, size in _candidates(srcset)]  # fmt: skip
    return max(ranked, key=lambda each: each[:2])[2] if ranked else ""


def _candidates(srcset: str) -> Iterator[tuple[str, int]]:
    """Yield URLs with their widths (HTML Standard, "Parsing a srcset attribute")."""
    words = srcset.split(maxsplit=2 * MAX_CANDIDATES)[: 2 * MAX_CANDIDATES]
    at = 0
    while at < len(words):
        url = words[at]
        at += 1
        size = PLAIN_WIDTH
        if not url.endswith(",") and at < len(words):
            size = _size(words[at].strip(","))
            at += 1
        if url := url.strip(","):
            yield url, size


def _size(descriptor: str) -> int:
    number, unit = descriptor[:-1], descriptor[-1:]
    try:
        size = float(number) * (1 if unit == "w" else PLAIN_WIDTH)
    except ValueError:
        return 0
    return int(size) if 0 <= size < 1e6 else 0  # noqa: PLR2004 - also refuses nan
