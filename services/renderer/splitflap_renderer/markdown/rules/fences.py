"""Fenced code, also with code on its first line: ```` ```python manage.py migrate ````.

CommonMark shows nothing of the words after a fence. Here they are a label only if they look like
one: a language, and the options that renderers and documentation tools have for code. Other words
are the first line of the code.
"""

import re

from markdown_it.common.utils import unescapeAll
from markdown_it.rules_block import StateBlock
from markdown_it.rules_block.fence import fence

from splitflap_renderer.languages import is_language, language_of

_VALUE = r"""(?:"[^"]*+"|'[^']*+'|\{[^{}]*+\}|\[[^\[\]]*+\]|[\w.:,/#%+-]++)"""
_OPTION = (
    r"(?:title|file|file_?name|caption|label|tab|hl[_-]lines|highlight|line_?nums|line_?nos"
    r"|line_?no_?start|start_?line|start_?from|start|mark|ins|del|collapse|frame|theme"
    rf"|show_?line_?numbers)={_VALUE}"
)
_FLAG = (
    r"session|text|ignore|no_run|should_panic|compile_fail|edition\d{4}|editable|runnable|live"
    r"|no-?eval|no-?inline|no-?run|no-?copy|no-?wrap|eval|copy|wrap|twoslash|expandable|collapsible"
    r"|interactive|:?(?:show-?)?line-?numbers|number-?lines|line-?nos|line-?nums|no-line-?numbers"
)
#: Lines to mark (`{1,3-5}`), or attributes (`{.line-numbers #a start="3"}`).
_ATTRIBUTES = (
    r"\{[\s,-]*+\d[\d\s,-]*+\}"
    rf"|\{{+\s*+(?:(?:[.#][\w-]++|[\w-]++={_VALUE})[\s,]*+)++\}}+"
)
_FORM = re.compile(rf"(?i)(?:{_OPTION}|{_FLAG}|{_ATTRIBUTES})(?=[\s,]|\Z)")

#: A name that may be a language's: `rust,ignore`, `python:app.py`, `{.python}`, `js{1,3-5}`.
_NAME = re.compile(
    r"(?a:(?:lang=)?\{?[.=]?\w[\w+#*.-]*+(?:[,:/](?!//)[\w+#*./:,=@-]*+)?)(?:\{[\d\s,-]++\})?\}?"
)

#: A name that no list has. It ends with no mark, as a word of a sentence may.
_UNKNOWN_NAME = re.compile(r"(?a:\{?[A-Za-z](?:[\w+#*.,:/=@-]*[\w+#*])?\}?)")

#: `{r setup, include=FALSE}`
_IN_BRACES = re.compile(r"\{\s*+[.=]?[\w+#-]++(?=[\s,}])[^{}]*+\}")

_SEPARATOR = re.compile(r"[\s,]++")

_FILE = re.compile(r"[\w@~./-]++(?::\d++(?:-\d++)?)?")


def code_fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """The rule of markdown-it-py for a fence. It keeps words that are no label as code."""
    if not fence(state, start, end, silent):
        return False
    if not silent:
        token = state.tokens[-1]
        words = token.info.strip()
        if words and not _is_label(unescapeAll(words), is_empty=not token.content.strip()):
            token.info, token.content = "", f"{words}\n{token.content}"
    return True


def _is_label(words: str, *, is_empty: bool) -> bool:
    """Whether the words after a fence tell about the code. An empty block has only a language."""
    name, _, rest = words.partition(" ")
    if is_empty:
        return not rest and _is_name(words) and language_of(words) is not None
    if is_language(words):
        return True
    if _is_name(words):
        return bool(language_of(words) or _UNKNOWN_NAME.fullmatch(words))
    if _IN_BRACES.fullmatch(words):
        return language_of(words) is not None
    is_first_a_label = _is_name(name) and language_of(name)
    return _has_forms_only(rest if is_first_a_label else words)


def _is_name(word: str) -> bool:
    return _NAME.fullmatch(word) is not None


def _has_forms_only(words: str) -> bool:
    place = 0
    while place < len(words):
        if not (found := _SEPARATOR.match(words, place) or _form(words, place)):
            return False
        place = found.end()
    return True


def _form(words: str, place: int) -> re.Match[str] | None:
    """An option of the code at a place, or the name of a file."""
    if found := _FORM.match(words, place):
        return found
    file = _FILE.match(words, place)
    return file if file and "." in file[0] and language_of(file[0]) else None
