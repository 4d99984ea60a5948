"""Random texts in both flavours for some seconds each: `make fuzz`. A finding becomes a test.

Hypothesis puts texts together of what parsers and sanitisers stumble over, and shrinks the first
that breaks a promise: the HTML is what docs/html.md allows, a second reading takes nothing away,
nothing but Refused and what Markdown is known to raise is raised, and the same text gives the same.
"""

import sys
import time

from hypothesis import HealthCheck, given, settings
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.html.sanitiser import final
from splitflap_renderer.markdown.checks import Refused
from splitflap_renderer.render import TooLarge, hash_of, render

from tests.xss.allowed import problems
from tests.xss.options import OPTIONS
from tests.xss.texts import TEXTS

#: Seconds for each flavour, unless the command says otherwise.
DEFAULT = 60.0

#: Texts between two looks at the clock.
ROUND = 500


def main() -> None:
    """Print how many texts held in each flavour; a text that did not is printed by Hypothesis."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    for flavour in FLAVOURS:
        end = time.monotonic() + seconds
        count = 0
        while time.monotonic() < end:
            count += _round(flavour)
        sys.stdout.write(f"{flavour}: {count} texts held\n")


def _round(flavour: Flavour) -> int:
    held = 0

    @settings(
        max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(TEXTS)
    def holds(text: str) -> None:
        nonlocal held
        try:
            result = render(text, flavour, OPTIONS)
        except (Refused, TooLarge):
            return
        assert problems(result.html) == []
        assert final(result.html, OPTIONS.heading_prefix, hash_of(text)) == result.html
        assert render(text, flavour, OPTIONS) == result
        held += 1

    holds()
    return held


if __name__ == "__main__":
    main()
