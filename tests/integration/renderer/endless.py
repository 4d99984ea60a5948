"""Makes one text endless. The fork server of these tests imports it, and so each process has it.

A text that is slow for a parser of today may be quick for one of tomorrow.
"""

from typing import Any

from splitflap_core.contracts import RenderResult
from splitflap_renderer.process import child_main
from splitflap_renderer.render import render as _render

ENDLESS = "This text is rendered until its process is killed."


def render(text: str, *args: Any, **options: Any) -> RenderResult:
    """Render a text; the endless one never ends."""
    while text == ENDLESS:
        pass
    return _render(text, *args, **options)


vars(child_main)["render"] = render
