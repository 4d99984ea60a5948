"""The texts of a load: each kind gives work to one of the services."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

#: Sections of a heavy text: about 24 KB, and 0.12 s of CPU time when measured.
SECTIONS = 60

#: Links in a text of the kind `links`.
LINKS = 4

_SECTION = """## {n}. A chapter

| what | how *much* | where |
| --- | ---: | :---: |
| `one` | **{n}** | [here](#a) |
| two | ~~{n}~~ | there |

1. first
    - *nested* with `code`
        - **deeper** [^{n}]
2. second

```python
def chapter(number: int = {n}) -> str:
    return f"{{number}}: {{'text' * number}}"
```

> A quotation with *emphasis*, **weight** and `code`.

[^{n}]: a note
"""

_HEAVY = "".join(_SECTION.format(n=n) for n in range(SECTIONS))

#: Makes a text from a unique token.
Maker = Callable[[str], str]


class BadMix(ValueError):
    """The mix is invalid; the message gives the reason."""


def makers(page_url: str | None) -> dict[str, Maker]:
    """The maker of each kind; `links` needs the URL of a page."""
    kinds: dict[str, Maker] = {"plain": _plain, "heavy": _heavy}
    if page_url is not None:
        kinds["links"] = lambda token: _links(page_url, token)
    return kinds


def parse_mix(mix: str) -> dict[str, int]:
    """Read weights from `heavy=1,plain=3`; a kind without one has the weight 1.

    Raises:
        BadMix: names the invalid part.
    """
    weights: dict[str, int] = {}
    for part in filter(None, (each.strip() for each in mix.split(","))):
        kind, _, weight = part.partition("=")
        if kind not in {"plain", "heavy", "links"}:
            raise BadMix(f"{kind!r} is not a kind of text: plain, heavy or links")
        if not (weight or "1").isdecimal():
            raise BadMix(f"{part!r} needs a whole number after the =")
        weights[kind] = int(weight or 1)
    if not sum(weights.values()):
        raise BadMix("nothing to post: give a kind a weight above 0")
    return weights


def order(weights: dict[str, int]) -> list[str]:
    """One round of the load: each kind as often as its weight, spread evenly."""
    total = sum(weights.values())
    # The i-th text of a kind stands at (i + 1/2) / weight of the round.
    positions = [
        ((i + 0.5) / weight, kind) for kind, weight in weights.items() for i in range(weight)
    ]
    return [kind for _, kind in sorted(positions)][:total]


def page(page_url: str, token: str) -> str:
    """The page's URL with the token, so its preview is not cached yet."""
    if "{}" in page_url:
        return page_url.replace("{}", token)
    return f"{page_url}{'&' if urlsplit(page_url).query else '?'}splitflap={token}"


def _plain(token: str) -> str:
    return f"post {token} of a **load**, with *little* to do"


def _heavy(token: str) -> str:
    return f"post {token} of a load\n\n{_HEAVY}"


def _links(page_url: str, token: str) -> str:
    pages = (page(page_url, f"{token}-{n}") for n in range(LINKS))
    return " ".join([f"post {token} of a load:", *pages])
