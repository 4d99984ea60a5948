"""app.py, whose workers count their requests: each has a file in TALK_COUNTS, a byte a request."""

import os
from pathlib import Path

from flask import Response

from benchmarks.talk.app import app

__all__ = ["app"]

FOLDER = Path(os.environ["TALK_COUNTS"])


@app.after_request
def count(response: Response) -> Response:
    """Append a byte to the file that has the name of this process."""
    with (FOLDER / str(os.getpid())).open("ab") as file:
        file.write(b".")
    return response
