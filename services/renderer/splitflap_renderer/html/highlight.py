"""Highlighted code by Pygments' classes. The text names the language; it is never guessed."""

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

#: Longest accepted name of a language, in characters.
MAX_LANGUAGE = 40

_formatter: "HtmlFormatter[str]" = HtmlFormatter(nowrap=True)


def highlighted(code: str, language: str) -> tuple[str, str] | None:
    """HTML of the code, and Pygments' first alias for its language; None for an unknown one."""
    lexer = _lexer(language)
    return (highlight(code, lexer, _formatter), lexer.aliases[0]) if lexer else None


def _lexer(language: str) -> Lexer | None:
    if not language or len(language) > MAX_LANGUAGE:
        return None
    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
