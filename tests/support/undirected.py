"""Rendering without the directions of blocks, for tests of anything else.

tests/unit/renderer/test_directions.py tests the directions.
"""

import re

from msgspec.structs import replace
from splitflap_core.contracts import Flavour, RenderResult
from splitflap_renderer import render as renderer
from splitflap_renderer.options import DEFAULTS, Options


def render(
    text: str,
    flavour: Flavour = "markdown",
    options: Options = DEFAULTS,
    *,
    breaks: bool = False,
    salt: str = "",
) -> RenderResult:
    """The result of the renderer, without `dir`."""
    result = renderer.render(text, flavour, options, breaks=breaks, salt=salt)
    return replace(result, html=re.sub(' dir="(?:auto|ltr)"', "", result.html))
