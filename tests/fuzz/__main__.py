"""Random texts in both flavours for some seconds each: `make fuzz`. A finding becomes a test.

Hypothesis builds texts from difficult pieces for parsers and sanitisers. It checks four promises,
and shrinks the first text with a broken promise:

- docs/html.md allows the HTML;
- sanitising the HTML a second time changes nothing;
- only TextRefused and TooLarge are raised;
- the same text gives the same result.

It also builds posts as people write them, and checks that a reader sees each of their words; and
code for each of Pygments' lexers, and checks that a reader sees all of it.
"""

import sys
import time

from hypothesis import HealthCheck, given, note, settings
from hypothesis.strategies import booleans
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.footnote_ids import NO_SALT
from splitflap_renderer.html.sanitiser import final
from splitflap_renderer.markdown.checks import TextRefused
from splitflap_renderer.render import TooLarge, render

from tests.posts import Post
from tests.posts.checks import check_excerpt, check_html
from tests.posts.generated import GENERATED
from tests.unit.renderer.code_texts import CODE, check_code
from tests.xss.allowed import problems
from tests.xss.options import OPTIONS
from tests.xss.texts import TEXTS

#: Seconds for each flavour, without an argument.
DEFAULT_SECONDS = 60.0

#: Texts between two checks of the clock.
BATCH = 500


def main() -> None:
    """Print the number of rendered texts. Hypothesis prints a failing one."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_SECONDS
    for flavour in FLAVOURS:
        end = time.monotonic() + seconds
        count = 0
        while time.monotonic() < end:
            count += _run_batch(flavour) + _run_posts(flavour) + _run_code(flavour)
        sys.stdout.write(f"{flavour}: {count} texts kept the promises\n")


def _run_batch(flavour: Flavour) -> int:
    kept = 0

    @settings(
        max_examples=BATCH, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(TEXTS)
    def is_safe_or_refused(text: str) -> None:
        nonlocal kept
        try:
            result = render(text, flavour, OPTIONS)
        except (TextRefused, TooLarge):
            return
        assert problems(result.html) == []
        assert final(result.html, OPTIONS.heading_prefix, NO_SALT) == result.html
        assert render(text, flavour, OPTIONS) == result
        kept += 1

    is_safe_or_refused()
    return kept


def _run_posts(flavour: Flavour) -> int:
    shown = 0

    @settings(
        max_examples=BATCH, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(GENERATED, booleans())
    def shows_each_word(post: Post, breaks: bool) -> None:
        nonlocal shown
        note(post.text)
        result = render(post.text, flavour, OPTIONS, breaks=breaks)
        check_html(result.html, post)
        check_excerpt(result.excerpt, post)
        shown += 1

    shows_each_word()
    return shown


def _run_code(flavour: Flavour) -> int:
    shown = 0

    @settings(
        max_examples=BATCH, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(CODE)
    def is_shown(code: tuple[str, str]) -> None:
        nonlocal shown
        check_code(*code, flavour)
        shown += 1

    is_shown()
    return shown


if __name__ == "__main__":
    main()
