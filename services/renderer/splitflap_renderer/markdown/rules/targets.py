"""Links and images whose target is not allowed stay text, see `html/targets.py`."""

from collections.abc import Callable
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import validateLink
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.image import image
from markdown_it.rules_inline.link import link

from splitflap_renderer.html.targets import is_image_target, is_link_target


class Targets(NamedTuple):
    """Which targets are allowed."""

    link: Callable[[str], bool]
    image: Callable[[str], bool]


#: CommonMark has no rule. Like markdown-it, its examples are read without scripts.
ANY = Targets(validateLink, validateLink)

ALLOWED = Targets(is_link_target, is_image_target)


def use_targets(md: MarkdownIt) -> None:
    """Read links, images and definitions with other targets as text."""
    md.validateLink = is_link_target  # type: ignore[method-assign]
    md.inline.ruler.at("link", _link)
    md.inline.ruler.at("image", _image)


def _link(state: StateInline, silent: bool) -> bool:
    """A link. markdown-it asks for no target in `[text]()`."""
    start, before = state.pos, len(state.tokens)
    if not link(state, silent):
        return False
    if silent:
        if not state.src[start : state.pos - 1].rstrip().endswith("]("):
            return True
        state.pos = start
        return False
    opened = next((each for each in state.tokens[before:] if each.type == "link_open"), None)
    if opened and not opened.attrs["href"]:
        closed = state.tokens[-1]
        end = state.src.rindex("](", start, state.pos)
        for token, written in ((opened, "["), (closed, state.src[end : state.pos])):
            token.type, token.tag, token.nesting, token.content = "text", "", 0, written
    return True


def _image(state: StateInline, silent: bool) -> bool:
    """An image. The target of a definition may be a link's only."""
    start, pending, before = state.pos, state.pending, len(state.tokens)
    if not image(state, silent):
        return False
    if silent or is_image_target(str(state.tokens[-1].attrs["src"])):
        return True
    del state.tokens[before:], state.tokens_meta[before:]
    state.pos, state.pending = start + 2, f"{pending}!["
    return True
