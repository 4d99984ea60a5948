"""Bounds of blocks that contain blocks: quotes, lists and spoilers."""

from typing import Any

from markdown_it.rules_block import StateBlock

#: Deepest nesting of blocks, in levels of markdown-it-py: a quote has one, a list two. The markers
#: of deeper blocks stay text.
MAX_LEVEL = 40

#: Quotes on fewer levels always keep their tags.
_FLAT_LEVEL = 8

#: HTML of the tags of all containers, in characters: for each character of the text, and at least.
_MAX_GROWTH, _MIN_HTML = 13, 6_000


def bounded(rule: Any, cost: int = 0) -> Any:
    """The rule of a container whose tags have `cost` characters.

    A text of deep quotes has more tags than its HTML has room. Deep containers beyond that lose
    their tags and keep their text.
    """

    def limited(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if silent or state.level >= MAX_LEVEL:
            return state.level < MAX_LEVEL and bool(rule(state, start, end, silent))
        spent = state.env.get("container_html", 0)
        room = _MAX_GROWTH * len(state.src) + _MIN_HTML
        is_flat = state.level >= _FLAT_LEVEL and spent + cost > room
        first = len(state.tokens)
        state.env["container_html"] = spent + (0 if is_flat else cost)
        if not rule(state, start, end, silent):
            state.env["container_html"] = spent
            return False
        if is_flat:
            _hide_tags(state, first)
        return True

    return limited


def _hide_tags(state: StateBlock, first: int) -> None:
    """Hide the tags of the container whose tokens begin here, and the title of a spoiler."""
    level = state.tokens[first].level
    is_title = False
    for token in state.tokens[first:]:
        if is_title:
            token.content = ""
        is_title = token.type == "spoiler_title_open"
        if token.level == level or token.type.startswith("spoiler_title"):
            token.hidden = True
