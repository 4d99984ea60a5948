"""Posts as people write them, each with the text that a reader must see. README.md has the form."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "texts"

#: A line of a text file that begins a post, or a part of it.
_MARK = re.compile(r"^%%% (post: .+|reads as written|reads|notes|excerpt|html)\n", re.MULTILINE)


class Post(NamedTuple):
    """A post and its visible text, which ends with the `notes` of footnotes.

    Each line of `html` is a part of its HTML. The `excerpt` is `reads` without secrets.
    """

    name: str
    text: str
    reads: str
    notes: str
    excerpt: str
    html: list[str]


def posts() -> list[Post]:
    """All posts, in the order of their files."""
    return [post for file in sorted(FOLDER.glob("*.txt")) for post in _posts_of(file)]


def _posts_of(file: Path) -> Iterator[Post]:
    _, *parts = _MARK.split(file.read_bytes().decode())
    found: dict[str, str] = {}
    for mark, content in zip(parts[::2], parts[1::2], strict=True):
        if mark.startswith("post: ") and found:
            yield _post(found)
            found = {}
        name = "reads" if mark == "reads as written" else mark.partition(": ")[0]
        found |= {"name": mark[len("post: ") :]} if name == "post" else {}
        found[name] = found["post"] if mark == "reads as written" else content.strip("\n")
    yield _post(found)


def _post(found: dict[str, str]) -> Post:
    html = found.get("html", "").splitlines()
    reads = found["reads"]
    return Post(
        found["name"],
        found["post"],
        reads,
        found.get("notes", ""),
        found.get("excerpt", reads),
        html,
    )
