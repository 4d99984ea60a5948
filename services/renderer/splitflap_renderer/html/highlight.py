"""Highlighted code by Pygments' classes. The text names the language; it is never guessed.

Some lexers take seconds for a hundred characters: their regular expressions backtrack (Pygments
issue 2355 and others). So highlighting has a limit of CPU time, below the deadline of a text. A
block beyond it keeps its code and loses its marks. The other blocks keep theirs.
"""

import time
from functools import cache
from io import StringIO

from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_by_name
from pygments.token import Error, Text

from splitflap_renderer.cpu_limit import within
from splitflap_renderer.languages import has_lexer

#: CPU seconds for one block: for any, and for each of its characters. Lexers take 0.2 to 5 us for a
#: character, and 0.06 s for the first block of a language with others in it.
BLOCK_SECONDS = 0.1
CHARACTER_SECONDS = 10e-6

_formatter: "HtmlFormatter[str]" = HtmlFormatter(nowrap=True)


class Highlighter:
    """Highlights the code blocks of one text, in the process's main thread."""

    def __init__(self, seconds: float) -> None:
        """`seconds` is the CPU time for all blocks of the text."""
        self._left = seconds

    def marked(self, code: str, language: str) -> str | None:
        """HTML of the code with marks; None without a lexer, or if the lexer fails."""
        if not has_lexer(language) or self._left <= 0:
            return None
        began = time.process_time()
        try:
            return self._formatted(code, language)
        except Exception:  # noqa: BLE001 - a lexer may raise anything
            return None
        finally:
            self._left -= time.process_time() - began

    def _formatted(self, code: str, language: str) -> str | None:
        began = time.process_time()
        # The first block of a language imports its lexer, which is not to be cut short.
        lexer = _lexer_class(language)(stripnl=False)
        left = self._left - (time.process_time() - began)
        seconds = min(left, BLOCK_SECONDS + CHARACTER_SECONDS * len(code))
        return within(seconds, lambda: _html(code, lexer)) if seconds > 0 else None


_lexer_class = cache(find_lexer_class_by_name)


def _html(code: str, lexer: Lexer) -> str | None:
    """The marked code; None if the lexer has lost a part of it."""
    tokens = list(lexer.get_tokens(code))
    if "".join(text for _, text in tokens) not in {code, code + "\n"}:
        return None
    written = StringIO()
    # An error becomes text: a placeholder as in `[1, …]` is no mistake.
    plain = ((Text if kind is Error else kind, text) for kind, text in tokens)
    _formatter.format(plain, written)
    return written.getvalue()
