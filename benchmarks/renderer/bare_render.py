"""The bare library in a loop: the rate of a core without any transport of texts and results.

    python -m benchmarks.renderer.bare_render FLAVOUR SECONDS

Prints JSON: the number of texts, the seconds, and the CPU seconds of the process.
"""

import json
import sys
import time
from itertools import cycle

import msgspec
from splitflap_core.contracts import Flavour
from splitflap_renderer.render import render

from benchmarks.renderer.corpus import corpus


def rendered(text: str, flavour: Flavour = "markdown") -> str:
    """The compared work: checks, parser, sanitiser, decoration; the result as JSON."""
    return msgspec.json.encode(render(text, flavour)).decode()


def loop(flavour: Flavour, seconds: float) -> dict[str, float]:
    """Render the corpus once as a warm-up, then in a loop for some seconds."""
    posts = corpus()
    for post in posts:
        render(post, flavour)
    done, cpu, began = 0, time.process_time(), time.monotonic()
    for post in cycle(posts):
        render(post, flavour)
        done += 1
        if time.monotonic() - began >= seconds:
            break
    return {
        "done": done,
        "seconds": time.monotonic() - began,
        "cpu": time.process_time() - cpu,
    }


if __name__ == "__main__":
    _, kind, period = sys.argv
    print(json.dumps(loop("gfm" if kind == "gfm" else "markdown", float(period))))
