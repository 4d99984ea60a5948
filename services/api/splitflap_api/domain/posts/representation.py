"""A post as its responses carry it: JSON, and the ETag of these bytes."""

import zlib

import msgspec

from splitflap_api.contract import models


def represent(post: models.Post) -> tuple[bytes, str]:
    """The post as JSON, and its ETag. The tag changes with each byte of the JSON."""
    body = msgspec.json.encode(post)
    return body, f'"{post.revision}-{zlib.crc32(body):08x}"'
