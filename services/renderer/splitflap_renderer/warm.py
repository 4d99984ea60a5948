"""Imported by the fork server and by nobody else: its children begin with all built, and share it.

A child that builds its parsers itself takes many times as long until its first text.
"""

from splitflap_renderer.child import warm
from splitflap_renderer.options import DEFAULTS

warm(DEFAULTS)
