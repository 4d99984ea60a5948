"""Highlighted code by Pygments' classes. The text names the language; it is never guessed.

Some lexers take seconds for a hundred characters (Pygments issue 2355 and others), and marks can be
twenty times as long as their code. Such a block keeps its code and loses its marks.
"""

import html
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

#: Longest accepted name of a language, in characters.
MAX_LANGUAGE = 40

#: Seconds of CPU time: for one block, and for all blocks of a text.
MAX_BLOCK_CPU = 0.2
MAX_TEXT_CPU = 0.5

#: Seconds after which the limit acts again, if a lexer has caught it.
_AGAIN = 0.05

_formatter: "HtmlFormatter[str]" = HtmlFormatter(nowrap=True)


class Highlighter:
    """Highlights the code blocks of one text, in the process's main thread."""

    def __init__(self, spare: int) -> None:
        """`spare` is the number of characters that marks may add to the text's HTML."""
        self._spare = spare
        self._cpu = MAX_TEXT_CPU

    def highlighted(self, code: str, language: str) -> tuple[str, str] | None:
        """HTML of the code, and Pygments' first alias for its language; None for an unknown one."""
        lexer = _lexer(language)
        if not lexer:
            return None
        plain = html.escape(code, quote=False)
        marked = self._marked(code, lexer) or plain
        if len(marked) - len(plain) > self._spare:
            marked = plain
        self._spare -= len(marked) - len(plain)
        return marked, lexer.aliases[0]

    def _marked(self, code: str, lexer: Lexer) -> str | None:
        """HTML with marks; None if it takes too long."""
        if self._cpu <= 0:
            return None
        began = time.process_time()
        try:
            with _cpu_limit(min(MAX_BLOCK_CPU, self._cpu)):
                return highlight(code, lexer, _formatter)
        except _TooSlow:
            return None
        finally:
            self._cpu -= time.process_time() - began


class _TooSlow(BaseException):
    """Not an Exception, which a lexer may catch."""


@contextmanager
def _cpu_limit(seconds: float) -> Iterator[None]:
    """Raise _TooSlow after this CPU time. The regular expressions of CPython check for signals."""

    def stop(*_: object) -> None:
        raise _TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _lexer(language: str) -> Lexer | None:
    if not language or len(language) > MAX_LANGUAGE:
        return None
    try:
        return get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return None
