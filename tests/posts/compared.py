"""What other renderers make of the posts, as their users would run them.

Each gets the extensions for what the posts use, and nh3 with its defaults as the sanitiser.
"""

import subprocess
from collections.abc import Callable, Iterable
from functools import partial

import nh3
from markdown import markdown
from splitflap_core.contracts import FLAVOURS, Flavour

from tests.posts import Post
from tests.posts.visible import lost, visible
from tests.support.undirected import render
from tests.xss.options import OPTIONS

Render = Callable[[str], str]

_EXTENSIONS = ("table", "strikethrough", "autolink", "tagfilter", "tasklist", "footnotes")


def _cmark_gfm(text: str, flags: Iterable[str] = ("--unsafe",)) -> str:
    extensions = [part for name in _EXTENSIONS for part in ("-e", name)]
    command = ["cmark-gfm", *flags, *extensions]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=True)
    return nh3.clean(done.stdout.decode())


def _python_markdown(text: str, extensions: Iterable[str] = ()) -> str:
    return nh3.clean(markdown(text, extensions=list(extensions)))


def _splitflap(flavour: Flavour, text: str) -> str:
    return render(text, flavour, OPTIONS, breaks=True).html


OWN: dict[str, Render] = {
    f"Splitflap, {flavour}": partial(_splitflap, flavour) for flavour in FLAVOURS
}
CMARK_GFM: Render = _cmark_gfm
OTHERS: dict[str, Render] = {
    "cmark-gfm --unsafe": CMARK_GFM,
    "cmark-gfm": partial(_cmark_gfm, flags=()),
    "Python-Markdown": _python_markdown,
    "Python-Markdown with extra": partial(_python_markdown, extensions=["extra"]),
}


def losing(posts: Iterable[Post], renders: Render) -> list[str]:
    """The names of the posts that lose words."""
    return [post.name for post in posts if lost_words(post, renders)]


def lost_words(post: Post, renders: Render) -> list[str]:
    """The words that a reader should see, and does not see in this renderer's HTML."""
    return lost(post.reads + " " + post.notes, visible(renders(post.text)))
