"""CPU work that lets other green threads run: a `sleep(0)` after each part of the text."""

import time

from flask import request

from benchmarks.talk.app import app, long_text, render

#: The beginning of each part of a long text.
PART = "## Part "


@app.get("/cpu/yielding")
def yielding() -> str:
    """Compute the answer of /cpu, part by part. The patch has made `time.sleep` green."""
    rendered = []
    for part in long_text(int(request.args["number"])).split(PART)[1:]:
        rendered.append(render(PART + part))
        time.sleep(0)
    return "\n".join(rendered)
