"""The texts that are posted: what makes each kind work for one of the services."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

#: Sections of a heavy text: about 24 KB, which take 0.1 s of a CPU (measured: 0.12 s).
SECTIONS = 60

#: Links of a text that gives the scraper work.
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

#: Makes a text of a token that is in no other.
Maker = Callable[[str], str]


class BadMix(ValueError):
    """A mix that cannot be made; the message says why."""


def makers(page_url: str | None) -> dict[str, Maker]:
    """How each kind of text is made; `links` needs the address of pages."""
    kinds: dict[str, Maker] = {"plain": _plain, "heavy": _heavy}
    if page_url is not None:
        kinds["links"] = lambda token: _links(page_url, token)
    return kinds


def parse_mix(mix: str) -> dict[str, int]:
    """`heavy=1,plain=3` as weights; a kind alone has the weight 1.

    Raises:
        BadMix: names what is wrong.
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
    """Kinds in the proportion of their weights, well mixed: one round of the load."""
    total = sum(weights.values())
    # Each kind is spread evenly over the round: its i-th text stands at (i + 1/2) / weight.
    places = [((i + 0.5) / weight, kind) for kind, weight in weights.items() for i in range(weight)]
    return [kind for _, kind in sorted(places)][:total]


def page(page_url: str, token: str) -> str:
    """An address that no other text has, so that its preview is not known yet."""
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
