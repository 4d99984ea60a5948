"""The posts: texts heavy now and then, links slow now and then. Each has its number in its text."""

import re
from collections.abc import Callable
from functools import cache

from benchmarks.talk.page_site import title

#: Stands for the number of a post in the text of its kind.
_MARK = "987654321"

_PLAIN = f"""\
Post {_MARK}: a *light* text of **some** words, as people write them in a microblog.

It has `code`, a (remark) and a list:

* an item with *emphasis*
* an item with `more code`
"""

#: A part of a heavy text. It has no headings and no links: their ids differ from post to post.
_PART = """\
A paragraph with **bold** words and `inline code`, as people paste them from other places.
It has several lines, a (remark), and _emphasis_ in many places, as **people** write.

* an item with *emphasis*
* an item with `code`

```python
def part_{part}(words: list[str]) -> dict[str, int]:
    return {{word: len(word) + {part} for word in sorted(words)}}
```

| name | value |
| --- | --- |
| part | {part} |

"""

#: Seconds of the linked page of each kind.
PAGE_SECONDS = {"quick link": 0.05, "link": 0.5, "slow link": 1.0, "very slow link": 5.0}

#: The kinds of twenty posts.
MIX = (
    *("plain", "quick link", "plain", "heavy", "plain", "slow link", "quick link"),
    *("plain", "plain", "quick link", "plain", "plain", "plain", "quick link"),
    *("plain", "plain", "plain", "plain", "plain", "plain"),
)

#: A renderer: HTML from a text.
Render = Callable[[str], str]


class Posts:
    """The texts of all kinds, and their right HTML. `render` is the renderer of a system."""

    def __init__(self, site: str, parts: int, render: Render) -> None:
        self.render = render
        self._site = site
        self._parts = parts
        self._html = cache(lambda kind: render(self._template(kind)))

    def text(self, kind: str, number: int) -> str:
        """The text of a post."""
        return self._template(kind).replace(_MARK, str(number))

    def html(self, kind: str, number: int) -> str:
        """The right HTML: that of the kind, with the number of the post."""
        return self._html(kind).replace(_MARK, str(number))

    def titles(self, kind: str, number: int) -> list[str]:
        """The right titles of its links."""
        return [title(number)] if kind in PAGE_SECONDS else []

    def _template(self, kind: str) -> str:
        if kind == "heavy":
            return f"{_PLAIN}\n" + "".join(_PART.format(part=part) for part in range(self._parts))
        if kind in PAGE_SECONDS:
            url = f"{self._site}/page/{_MARK}?seconds={PAGE_SECONDS[kind]:g}"
            return f"{_PLAIN}\nRead {url} today\n"
        return _PLAIN


def number_of(text: str) -> int:
    """The number of a post, from its text."""
    found = re.match(r"Post (\d+)", text)
    return int(found[1]) if found else 0


def mixed(count: int) -> list[str]:
    """The kinds of so many posts."""
    return [MIX[number % len(MIX)] for number in range(count)]


def burst_of(count: int) -> list[str]:
    """The kinds of so many posts at once. The last third has no slow link.

    Else the burst would measure how long one page takes: nothing else is left to do beside it.
    """
    kinds = mixed(count)
    last = count - count // 3
    return [*kinds[:last], *(kind.replace("slow", "quick") for kind in kinds[last:])]
