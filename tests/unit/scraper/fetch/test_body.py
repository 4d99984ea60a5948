"""Content codings are undone piece by piece, and never beyond what was asked for."""

import zlib

import pytest
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http.body import Inflater


def squeezed(data: bytes, wbits: int = 31) -> bytes:
    """Data as gzip (31), zlib (15) or raw deflate (-15)."""
    squeeze = zlib.compressobj(9, wbits=wbits)
    return squeeze.compress(data) + squeeze.flush()


def test_a_bomb_makes_no_more_than_asked_for() -> None:
    """A MiB in a KiB: only the room that is left is filled."""
    bomb = squeezed(bytes(1_048_576))
    assert len(bomb) < 2000
    assert len(Inflater("gzip").feed(bomb, 1000)) == 1000
    assert len(Inflater("").feed(bomb, 100)) == 100


@pytest.mark.parametrize(("coding", "wbits"), [("gzip", 31), ("x-gzip", 31), ("Deflate", -15)])
def test_in_pieces(coding: str, wbits: int) -> None:
    """However the bytes come, once there are enough of them to see a header."""
    inflater = Inflater(coding)
    data = squeezed(b"hello " * 5, wbits)
    pieces = [inflater.feed(data[at : at + 4], 100) for at in range(0, len(data), 4)]
    assert b"".join(pieces) == b"hello " * 5


def test_what_breaks_later() -> None:
    """A body that begins well and has the wrong checksum."""
    inflater = Inflater("gzip")
    assert inflater.feed(squeezed(b"x" * 10)[:-8], 100) == b"x" * 10
    with pytest.raises(FetchError) as error:
        inflater.feed(b"\xff" * 100, 100)
    assert error.value.reason == "bad_response"
