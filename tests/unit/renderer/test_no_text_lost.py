"""No word of a text is lost, whatever signs are around it: random texts without raw HTML.

`tests/posts` knows what a post means. Here nobody does, so the checks need no meaning: each word of
the text is in the HTML once and in order, line breaks change no character, and the excerpt is the
beginning of the HTML's text.
"""

import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from splitflap_core.contracts import FLAVOURS, RenderResult
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


TEXTS = st.lists(
    st.sampled_from([_WORD] * (len(_SIGNS) // 2) + _SIGNS), min_size=1, max_size=30
).map(_text_of)

_BLOCKS = MarkdownIt("commonmark")
use_blocks(_BLOCKS, lenient=True, lone_tags_as_text=True)
_BLOCKS.disable("inline")


def _words(text: str) -> list[str]:
    return re.findall(r"w\d+q", text)


def _labels(text: str) -> set[str]:
    """The words behind the fences of code, which no reader sees.

    Texts with tables are left out: cells beyond the columns are not shown, as on GitHub.
    """
    tokens = _BLOCKS.parse(text)
    assume(all(token.type != "table_open" for token in tokens))
    return {word for token in tokens for word in _words(token.info)}


def _rendered(text: str, *, breaks: bool) -> list[RenderResult]:
    try:
        return [render(text, flavour, OPTIONS, breaks=breaks) for flavour in FLAVOURS]
    except (TextRefused, TooLarge):
        assume(False)
        raise


def _signs(text: str) -> str:
    """The text without white space and controls of directions."""
    return "".join(words(text))


@given(TEXTS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_each_word_is_in_the_html_once_and_in_order(text: str, breaks: bool) -> None:
    """In either flavour, with and without line breaks."""
    labels = _labels(text)
    expected = [word for word in _words(text) if word not in labels]
    for result in _rendered(text, breaks=breaks):
        assert _words(visible(result.html)) == expected


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_line_breaks_change_no_character(text: str) -> None:
    """They only add `<br>`."""
    for on, off in zip(_rendered(text, breaks=True), _rendered(text, breaks=False), strict=True):
        assert _signs(visible(on.html)) == _signs(visible(off.html))
        assert on.links == off.links
        assert _signs(on.excerpt) == _signs(off.excerpt)


@given(TEXTS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_excerpt_is_the_beginning_of_the_visible_text(text: str, breaks: bool) -> None:
    """It leaves out checkboxes only. A longer text ends with `…`."""
    for result in _rendered(text, breaks=breaks):
        shown = _signs(visible(result.html).translate(CHECKBOXES))
        excerpt = _signs(result.excerpt)
        assert excerpt == shown or (excerpt[-1] == "…" and shown.startswith(excerpt[:-1]))
