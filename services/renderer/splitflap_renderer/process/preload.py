"""The fork server imports this module once; every rendering process is forked from it.

A forked process starts with all parsers built and shares their memory. A process that builds its
parsers itself needs many times as long until its first text. No other module imports this one.
"""

from splitflap_renderer.options import DEFAULTS
from splitflap_renderer.process.child_main import warm_up

warm_up(DEFAULTS)
