"""Content codings, undone piece by piece within a limit."""

import zlib

import pytest
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http.body import Inflater


def squeezed(data: bytes, wbits: int = 31) -> bytes:
    """Compress data as gzip (31), zlib (15) or raw deflate (-15)."""
    squeeze = zlib.compressobj(9, wbits=wbits)
    return squeeze.compress(data) + squeeze.flush()


def test_a_bomb_is_cut_at_the_limit() -> None:
    """A MiB of zeros is compressed to less than 2 KB."""
    bomb = squeezed(bytes(1_048_576))
    assert len(bomb) < 2000
    assert len(Inflater("gzip").feed(bomb, 1000)) == 1000
    assert len(Inflater("").feed(bomb, 100)) == 100


@pytest.mark.parametrize(("coding", "wbits"), [("gzip", 31), ("x-gzip", 31), ("Deflate", -15)])
def test_a_body_may_come_in_pieces(coding: str, wbits: int) -> None:
    """The first piece holds the header."""
    inflater = Inflater(coding)
    data = squeezed(b"hello " * 5, wbits)
    pieces = [inflater.feed(data[at : at + 4], 100) for at in range(0, len(data), 4)]
    assert b"".join(pieces) == b"hello " * 5


def test_a_wrong_checksum_is_a_bad_response() -> None:
    """The body itself is valid."""
    inflater = Inflater("gzip")
    assert inflater.feed(squeezed(b"x" * 10)[:-8], 100) == b"x" * 10
    with pytest.raises(FetchError) as error:
        inflater.feed(b"\xff" * 100, 100)
    assert error.value.reason == "bad_response"
