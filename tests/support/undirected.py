"""Rendering without the directions of blocks, for tests of anything else.

tests/unit/renderer/test_directions.py tests the directions.
"""

import re
from typing import Any

from msgspec.structs import replace
from splitflap_core.contracts import RenderResult
from splitflap_renderer import render as renderer


def render(*args: Any, **options: Any) -> RenderResult:
    """The result of the renderer with these arguments, without `dir`."""
    result = renderer.render(*args, **options)
    return replace(result, html=re.sub(' dir="(?:auto|ltr)"', "", result.html))
