"""Everything in the request: a thread of gunicorn is busy until the post is done.

Its limit: a client whose server dies gets no answer, and has to send the post again.
"""

import uuid

from flask import Flask, request

from . import work

app = Flask(__name__)


@app.get("/ping")
def ping() -> str:
    """The cheap request beside the slow ones."""
    return "pong\n"


@app.post("/post")
def post() -> tuple[dict[str, str], int]:
    """The post is done when its answer comes."""
    post_id = uuid.uuid4().hex
    work.finish(post_id, request.get_json()["text"])
    return {"id": post_id}, 201
