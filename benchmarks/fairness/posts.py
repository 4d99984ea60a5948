"""Requests of posts, as the generator sends them."""

import json

from benchmarks.harness.pace import request


def post_request(key: str, text: str) -> str:
    """The text of a request that creates a post."""
    return request("POST", "/v1/posts", key, json.dumps({"text": text}).encode())
