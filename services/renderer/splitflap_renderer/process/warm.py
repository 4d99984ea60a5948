"""Imported by the fork server and by nobody else: its children begin with all built, and share it.

A child that builds its parsers itself takes many times as long until its first text.
"""

from splitflap_renderer.options import DEFAULTS
from splitflap_renderer.process.child_main import warm

warm(DEFAULTS)
