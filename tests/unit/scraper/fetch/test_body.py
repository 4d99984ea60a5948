"""Content codings, undone piece by piece within limits."""

import gzip
import random
import socket
import sys
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import brotli
import pytest
from splitflap_scraper.fetch.deadline import Deadline
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http import codings, decoding
from splitflap_scraper.fetch.http.body import read_body
from splitflap_scraper.fetch.http.decoding import STEP, Decoding
from splitflap_scraper.fetch.http.wire import Wire

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: Bytes between two codings, for tests that do not reach it.
MANY = 1_000_000

FOUR_MIB = 4 * 1024 * 1024

#: A text that no coding can mistake for its own data.
PAGE = b"<!doctype html><title>T</title>" + b"<p>Some words of a page.</p>" * 40

SQUEEZE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


def squeezed(data: bytes, wbits: int = 31) -> bytes:
    """Compress data as gzip (31), zlib (15) or raw deflate (-15)."""
    squeeze = zlib.compressobj(9, wbits=wbits)
    return squeeze.compress(data) + squeeze.flush()


def decoded(data: bytes, *codings: str, piece: int = 1_000_000, between: int = MANY) -> bytes:
    """Decode a body that arrives in pieces."""
    decoding = Decoding(codings, between)
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    return b"".join(page for each in pieces for page in decoding.pages(each))


def refused(data: bytes, *codings: str, between: int = MANY) -> FetchError:
    """Return the error of a body."""
    with pytest.raises(FetchError) as error:
        decoded(data, *codings, between=between)
    return error.value


@pytest.mark.parametrize("coding", list(SQUEEZE))
@pytest.mark.parametrize("piece", [1, 7, 1_000_000])
def test_a_body_may_come_in_pieces(coding: str, piece: int) -> None:
    """The decoder returns each byte once."""
    page = bytes(range(256)) * 300
    assert decoded(SQUEEZE[coding](page), coding, piece=piece) == page


@pytest.mark.parametrize(
    ("coding", "wbits"),
    [("x-gzip", 31), ("GZip", 31), ("Deflate", -15), ("deflate", 31), ("gzip", 15)],
)
def test_the_forms_of_deflate_are_told_apart(coding: str, wbits: int) -> None:
    """Servers mix them up."""
    assert decoded(squeezed(PAGE, wbits), coding) == PAGE


@pytest.mark.parametrize("coding", list(SQUEEZE))
def test_a_bomb_is_decoded_in_bounded_steps(coding: str) -> None:
    """64 MiB of zeros arrive in one piece."""
    bomb = SQUEEZE[coding](bytes(64 * 1024 * 1024))
    decoding = Decoding([coding], MANY)
    pages = iter(decoding.pages(bomb))
    assert all(0 < len(next(pages)) <= 2 * STEP for _ in range(16))


def test_a_bomb_within_a_coding_is_bounded() -> None:
    """Its bytes between two codings count, even if they give no byte of a page."""
    nothing = zlib.compressobj(wbits=31).flush(zlib.Z_SYNC_FLUSH) + b"\0\0\0\xff\xff" * 1_000_000
    error = refused(gzip.compress(nothing), "gzip, gzip", between=100_000)
    assert error.reason == "too_large"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_may_have_several_members(coding: str) -> None:
    """A reader that stopped after the first one would show a part of the page."""
    body = SQUEEZE[coding](b"<p>one") + SQUEEZE[coding](b"") + SQUEEZE[coding](b"<p>two")
    for piece in (1, 10, 1000):
        assert decoded(body, coding, piece=piece) == b"<p>one<p>two"


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_the_number_of_members_is_bounded(coding: str) -> None:
    """Empty ones cost time without a byte."""
    body = SQUEEZE[coding](b"a") * (codings.MAX_MEMBERS + 10)
    assert len(decoded(body, coding)) <= codings.MAX_MEMBERS


def test_bytes_after_gzip_are_ignored() -> None:
    """Browsers ignore them too."""
    assert decoded(gzip.compress(PAGE) + b"\r\n<!-- served -->", "gzip") == PAGE


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br", "compress", "x"])
def test_a_text_with_a_coding_that_was_not_applied_is_read(coding: str) -> None:
    """So browsers read a coding that they do not know."""
    assert decoded(PAGE, coding) == PAGE
    assert decoded(b"\xef\xbb\xbf" + PAGE, coding).endswith(PAGE)


@pytest.mark.parametrize(
    "coding",
    ["", "identity", "none", "None", "utf-8", "UTF8", "binary", "ISO-8859-1", "text/html",
     "aws-chunked", '"identity"', "identity, none"],
)  # fmt: skip
def test_words_that_mean_no_coding_are_skipped(coding: str) -> None:
    """Any bytes are passed."""
    assert decoded(b"\x89PNG\r\n\x1a\n\0", coding) == b"\x89PNG\r\n\x1a\n\0"


@pytest.mark.parametrize("said", [("gzip, br",), ("gzip", "br"), ("gzip,utf-8", "identity, br")])
def test_several_codings_are_undone_in_reverse(said: tuple[str, ...]) -> None:
    """They may stand in one header or in several."""
    assert decoded(brotli.compress(gzip.compress(PAGE)), *said) == PAGE


def test_a_coding_that_is_named_twice_may_be_applied_once() -> None:
    """A proxy and its server both name it."""
    assert decoded(gzip.compress(PAGE), "gzip, gzip") == PAGE
    assert decoded(gzip.compress(PAGE), "gzip", "gzip") == PAGE


def test_the_number_of_codings_is_bounded() -> None:
    """Each one multiplies the work."""
    assert refused(PAGE, "gzip, gzip, gzip, gzip").reason == "bad_response"


@pytest.mark.parametrize("coding", ["compress", "dcb", "unheard-of"])
def test_an_unknown_coding_of_binary_data_is_a_bad_response(coding: str) -> None:
    """The detail names the coding."""
    error = refused(b"\x1f\x9d\x90\x00\x01", coding)
    assert error.reason == "bad_response"
    assert coding in error.detail


@pytest.mark.parametrize("coding", list(SQUEEZE))
def test_broken_compression_is_a_bad_response(coding: str) -> None:
    """It may break at its beginning, or later."""
    assert refused(b"\xff\x00\xfe\x01" * 500, coding).reason == "bad_response"
    whole = SQUEEZE[coding](bytes(range(256)) * 2000)
    broken = whole[:200] + random.Random(1).randbytes(20_000)
    assert refused(broken, coding).reason == "bad_response"


@pytest.mark.parametrize("coding", list(SQUEEZE))
def test_a_truncated_stream_gives_its_part(coding: str) -> None:
    """Its end is missing."""
    page = random.Random(1).randbytes(300_000).hex().encode()
    got = decoded(SQUEEZE[coding](page)[:-40], coding, piece=1000)
    assert got
    assert page.startswith(got)


def test_a_brotli_window_over_four_mib_is_refused() -> None:
    """One step may write the whole window, and takes 50 ms for 16 MiB."""
    page = bytes(8 * 1024 * 1024 + 1)
    assert refused(brotli.compress(page, lgwin=24), "br").reason == "bad_response"
    assert refused(brotli.compress(page, lgwin=23), "br").reason == "bad_response"
    decoding = Decoding(["br"], MANY)
    assert next(iter(decoding.pages(brotli.compress(page, lgwin=22))))


def test_a_zstd_window_over_eight_mib_is_refused() -> None:
    """RFC 9659 sets this limit."""
    for window, is_allowed in ((23, True), (24, False)):
        squeeze = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: window})
        body = squeeze.compress(PAGE) + squeeze.flush()
        if is_allowed:
            assert decoded(body, "zstd") == PAGE
        else:
            assert refused(body, "zstd").reason == "bad_response"


@pytest.mark.parametrize("window", [16, 20, 22])
@pytest.mark.parametrize("block", [b"\0", random.Random(1).randbytes(15_000).hex().encode()])
def test_all_bytes_of_a_brotli_window_arrive(window: int, block: bytes) -> None:
    """A body of some KiB fills its window at once, however its bytes come."""
    data = (block * (FOUR_MIB // len(block) + 1))[:FOUR_MIB]
    body = brotli.compress(data, quality=5, lgwin=window)
    for size in (len(body), 4096):
        decoding = Decoding(["br"], 8 * MANY)
        pieces = (body[at : at + size] for at in range(0, len(body), size))
        assert b"".join(page for each in pieces for page in decoding.pages(each)) == data


@pytest.mark.parametrize("codings", ["br, br", "zstd, br", "br, gzip, zstd"])
def test_a_body_has_one_heavy_coding(codings: str) -> None:
    """Each one takes MiB, and no real body has two."""
    assert refused(brotli.compress(PAGE), codings).reason == "bad_response"


def test_one_heavy_coding_is_undone_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next body waits, and none fails."""
    at_work: list[int] = []
    most = []

    def sleep(_: float) -> None:
        at_work.append(1)
        most.append(len(at_work))
        threading.Event().wait(0.001)
        at_work.pop()

    monkeypatch.setattr(decoding, "time", SimpleNamespace(sleep=sleep))
    bodies = [("br", brotli.compress(bytes(MANY))), ("zstd", zstd.compress(bytes(MANY)))] * 3
    threads = [
        threading.Thread(target=Decoding([coding], MANY).whole, args=(body, MANY))
        for coding, body in bodies
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(most) > 60
    assert max(most) == 1


class Pieces:
    """A body that notes its reads."""

    def __init__(self, *pieces: bytes, log: list[str] | None = None) -> None:
        self._pieces = list(pieces)
        self._log = [] if log is None else log

    @property
    def ended(self) -> bool:
        return not self._pieces

    def read(self) -> bytes:
        self._log.append("read")
        return self._pieces.pop(0)


class Taking:
    """A reader that takes everything, and notes whether another body could be decoded."""

    max_bytes = 4 * MANY
    found = True

    def __init__(self, log: list[str] | None = None) -> None:
        self.data = b""
        self._log = [] if log is None else log

    def feed(self, data: bytes, *, final: bool) -> bool:
        del final
        self._log.append("feed" if not decoding._heavy_turn.locked() else "feed in turn")
        self.data += data
        return False


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_no_heavy_decoder_waits_for_a_connection_or_a_reader(coding: str) -> None:
    """Links of two posts could else hold all of them."""
    text = random.Random(1).randbytes(40_000).hex().encode()
    data = SQUEEZE[coding](text)
    log: list[str] = []
    body = Pieces(*(data[at : at + 5000] for at in range(0, len(data), 5000)), log=log)
    reader = Taking(log)
    with socket.socket() as sock:
        wire = Wire(sock, Deadline(1))
        assert not read_body(body, [coding], wire, reader, MANY)
    assert reader.data == text
    reads, feeds = log.count("read"), log.count("feed")
    assert log == ["read"] * reads + ["feed"] * feeds
    assert min(reads, feeds) > 4
    assert wire.budget == 512 * 1024


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_one_mib_of_a_body_with_a_heavy_coding_is_read(coding: str) -> None:
    """It lies in memory as a whole, unlike that of another coding."""
    reader = Taking()
    with socket.socket() as sock:
        body = Pieces(SQUEEZE[coding](bytes(3_000_000)))
        assert read_body(body, [coding], Wire(sock, Deadline(1)), reader, 4 * MANY)
    assert reader.data == bytes(1024 * 1024)


@pytest.mark.parametrize("coding", ["br", "zstd"])
def test_the_part_before_broken_compression_is_read(coding: str) -> None:
    """The error follows it."""
    whole = SQUEEZE[coding](random.Random(1).randbytes(300_000).hex().encode())
    broken = whole[:200_000] + bytes(255 - each for each in whole[200_000:])
    reader = Taking()
    with socket.socket() as sock, pytest.raises(FetchError, match="broken compression"):
        read_body(Pieces(broken), [coding], Wire(sock, Deadline(1)), reader, MANY)
    assert len(reader.data) > 100_000


def test_a_heavy_decoder_takes_nine_mib_at_most() -> None:
    """A window of zstd is the most. That of brotli is smaller, with its tables."""
    body = wide_zstd(random.Random(1).randbytes(30_000) * 400)
    before = resident()
    four = [Decoding(["zstd"], MANY) for _ in range(4)]
    assert all(len(page) <= 2 * STEP for each in four for page in each.pages(body))
    assert resident() - before < 4 * 9


def resident() -> float:
    """Return the memory of this process in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) / 256


def wide_zstd(data: bytes) -> bytes:
    """Compress data with the widest window that is allowed."""
    squeeze = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 23})
    return squeeze.compress(data) + squeeze.flush()
