"""Downloads of a large file: read whole, hashed, timed. The open loop is for small answers."""

import hashlib
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import requests

#: Bytes of one read.
READ_SIZE = 1 << 18

#: Seconds without a byte.
TIMEOUT = 60.0

#: Bytes of a pattern that repeats nowhere within the file's pieces.
PIECE = 1 << 16


@dataclass(frozen=True)
class Downloads:
    """What came: whole and right, whole and wrong (or cut), and MiB a second of all together."""

    right: int
    wrong: int
    mib_per_second: float


def large_file(file: Path, size: int) -> str:
    """Write a file of `size` bytes, and return its SHA-256. Each of its pieces differs."""
    digest = hashlib.sha256()
    with file.open("wb") as output:
        for number in range(size // PIECE):
            piece = hashlib.shake_128(number.to_bytes(8, "big")).digest(PIECE)
            digest.update(piece)
            output.write(piece)
    return digest.hexdigest()


def downloads(url: str, expected: str, each: int, clients: int) -> Downloads:
    """`clients` at the same time, each reads the file `each` times."""
    began = time.monotonic()
    with ThreadPoolExecutor(clients) as pool:
        found = [
            hashed
            for many in pool.map(lambda _: _several(url, each), range(clients))
            for hashed in many
        ]
    seconds = time.monotonic() - began
    right = sum(digest == expected for digest, _ in found)
    mib = sum(size for _, size in found) / 2**20
    return Downloads(right, len(found) - right, mib / seconds if seconds else math.nan)


def _several(url: str, count: int) -> Sequence[tuple[str, int]]:
    return [_hashed(url) for _ in range(count)]


def _hashed(url: str) -> tuple[str, int]:
    """The SHA-256 of what came, and its size. A cut answer has another one."""
    digest, size = hashlib.sha256(), 0
    try:
        with requests.get(url, stream=True, timeout=TIMEOUT) as response:
            for data in response.iter_content(READ_SIZE):
                digest.update(data)
                size += len(data)
    except requests.RequestException:
        pass
    return digest.hexdigest(), size
