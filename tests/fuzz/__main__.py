"""Random texts in both flavours for some seconds each: `make fuzz`. A finding becomes a test.

Hypothesis builds texts from difficult pieces for parsers and sanitisers. It checks four promises,
and shrinks the first text with a broken promise:

- docs/html.md allows the HTML;
- sanitising the HTML a second time changes nothing;
- only TextRefused and TooLarge are raised;
- the same text gives the same result.

It also builds posts as people write them, and words among random signs, and checks that a reader
sees each word; and code for each of Pygments' lexers, and checks that a reader sees all of it.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, note, settings
from hypothesis.strategies import SearchStrategy, booleans
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.footnote_ids import NO_SALT
from splitflap_renderer.html.sanitiser import final
from splitflap_renderer.markdown.checks import TextRefused
from splitflap_renderer.render import TooLarge, render

from tests.posts import Post
from tests.posts.checks import check_excerpt, check_html
from tests.posts.generated import GENERATED
from tests.unit.renderer.code_texts import CODE, check_code
from tests.unit.renderer.mixed_signs import (
    MIXED_SIGNS,
    check_beginning,
    check_line_breaks,
    check_words,
)
from tests.xss.allowed import problems
from tests.xss.options import OPTIONS
from tests.xss.texts import TEXTS

#: Seconds for each flavour, without an argument.
DEFAULT_SECONDS = 60.0

#: Texts between two checks of the clock.
BATCH = 500

Check = Callable[[Any, Flavour, bool], None]


def main() -> None:
    """Print the number of rendered texts. Hypothesis prints a failing one."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_SECONDS
    for flavour in FLAVOURS:
        end = time.monotonic() + seconds
        count = 0
        while time.monotonic() < end:
            count += sum(_kept(texts, check, flavour) for texts, check in PROMISES)
        sys.stdout.write(f"{flavour}: {count} texts kept the promises\n")


def _kept(texts: SearchStrategy[Any], check: Check, flavour: Flavour) -> int:
    """Check a batch of texts; return their number."""
    count = 0

    @settings(
        max_examples=BATCH, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(texts, booleans())
    def keeps_the_promise(text: Any, breaks: bool) -> None:
        nonlocal count
        note(str(text))
        check(text, flavour, breaks)
        count += 1

    keeps_the_promise()
    return count


def _is_safe_or_refused(text: str, flavour: Flavour, breaks: bool) -> None:
    try:
        result = render(text, flavour, OPTIONS, breaks=breaks)
    except (TextRefused, TooLarge):
        return
    assert problems(result.html) == []
    assert final(result.html, OPTIONS.heading_prefix, NO_SALT) == result.html
    assert render(text, flavour, OPTIONS, breaks=breaks) == result


def _shows_each_word(post: Post, flavour: Flavour, breaks: bool) -> None:
    result = render(post.text, flavour, OPTIONS, breaks=breaks)
    check_html(result.html, post)
    check_excerpt(result.excerpt, post)


def _loses_nothing(text: str, flavour: Flavour, breaks: bool) -> None:
    check_words(text, flavour, breaks=breaks)
    check_line_breaks(text, flavour)
    check_beginning(text, flavour, breaks=breaks)


def _shows_the_code(code: tuple[str, str], flavour: Flavour, breaks: bool) -> None:
    check_code(*code, flavour)


#: Texts, and what holds for each.
PROMISES: tuple[tuple[SearchStrategy[Any], Check], ...] = (
    (TEXTS, _is_safe_or_refused),
    (GENERATED, _shows_each_word),
    (MIXED_SIGNS, _loses_nothing),
    (CODE, _shows_the_code),
)


if __name__ == "__main__":
    main()
