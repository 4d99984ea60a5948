"""Words among random signs, without raw HTML, and what holds for each such text.

`tests/posts` knows what a post means. Here nobody does, so the checks need no meaning.
"""

import re

from hypothesis import assume
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from splitflap_core.contracts import Flavour, RenderResult
from splitflap_renderer.markdown.checks import TextRefused
from splitflap_renderer.markdown.rules.common import use_blocks
from splitflap_renderer.render import TooLarge

from tests.posts.visible import CHECKBOXES, visible, words
from tests.support.undirected import render
from tests.xss.options import OPTIONS

#: A place for the next numbered word.
_WORD = "\ue000"

#: Pieces of the syntax of both flavours, and signs that parsers of names and links look for.
_SIGNS = [
    *("*", "**", "***", "_", "__", "~~", "~", "`", "``", "```", "```\n", "~~~\n", "```py\n", "^"),
    *("# ", "#", "## ", "> ", ">", "- ", "+ ", "* ", "1. ", "7) ", "1986. ", "[x] ", "[ ] ", "---"),
    *("[", "]", "](https://x.example/p)", "![", "(", ")", "[^1]", "[[", "]]", "{", "}", "{{", "}}"),
    *("<", ">", "</", "/>", "<<", "<?", "\\", "\\\n", "&", "&amp;", "&lt;", "&#", "|", "||", "!"),
    *("$", "$$", "$$\n", ">! ", "> [!NOTE]\n", "===", "==", "++", ":", ";", "@", "@ann"),
    *("#general", ":tada:", "https://e.example/", "http://e.example?a", "www.e.example", "a@b.io"),
    *(" ", "  ", "    ", "\t", "\n", "\n", "  \n", "\n\n", "\r\n", "\n    ", "\n  ", "\n> "),
    *("\n- ", ".", ",", "'", '"', "%", "。", "「", "\u202e", "\u200b", "\xa0", "é", "字", "👍"),
]


def _text_of(pieces: list[str]) -> str:
    """Join pieces, and number the words. No word becomes a target or a definition of a link."""
    text = ""
    for number, piece in enumerate(pieces):
        text += " " if text.endswith("]") and piece[:1] in {"(", ":"} else ""
        text += f"w{number}q" if piece == _WORD else piece
    return re.sub(r"<(?=!)", "< ", text)


MIXED_SIGNS = st.lists(
    st.sampled_from([_WORD] * (len(_SIGNS) // 2) + _SIGNS), min_size=1, max_size=30
).map(_text_of)

_BLOCKS = MarkdownIt("commonmark")
use_blocks(_BLOCKS, "posts")
_BLOCKS.disable("inline")


def check_words(text: str, flavour: Flavour, *, breaks: bool) -> None:
    """Each word is in the HTML once, in the order of the text."""
    labels = _labels(text)
    expected = [word for word in _words(text) if word not in labels]
    assert _words(visible(_rendered(text, flavour, breaks=breaks).html)) == expected


def check_line_breaks(text: str, flavour: Flavour) -> None:
    """Line breaks only add `<br>`."""
    on, off = (_rendered(text, flavour, breaks=breaks) for breaks in (True, False))
    assert _signs(visible(on.html)) == _signs(visible(off.html))
    assert _signs(on.excerpt) == _signs(off.excerpt)
    assert on.links == off.links


def check_beginning(text: str, flavour: Flavour, *, breaks: bool) -> None:
    """The excerpt is the visible text without checkboxes and secrets, or its beginning and `…`."""
    result = _rendered(text, flavour, breaks=breaks)
    shown = _signs(visible(result.html, spoilers=False).translate(CHECKBOXES))
    excerpt = _signs(result.excerpt)
    assert excerpt == shown or (excerpt[-1] == "…" and shown.startswith(excerpt[:-1]))


def _rendered(text: str, flavour: Flavour, *, breaks: bool) -> RenderResult:
    refused = False
    try:
        return render(text, flavour, OPTIONS, breaks=breaks)
    except (TextRefused, TooLarge):
        assume(refused)
        raise


def _labels(text: str) -> set[str]:
    """The words behind the fences of code, which no reader sees.

    Texts with tables are left out: cells beyond the columns are not shown, as on GitHub.
    """
    tokens = _BLOCKS.parse(text)
    assume(all(token.type != "table_open" for token in tokens))
    return {word for token in tokens for word in _words(token.info)}


def _words(text: str) -> list[str]:
    return re.findall(r"w\d+q", text)


def _signs(text: str) -> str:
    """The text without white space and controls of directions."""
    return "".join(words(text))
