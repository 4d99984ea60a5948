"""The content codings (RFC 9110, section 8.4.1): one decoder each, with bounded steps.

A decoder returns some bytes of each call, and more of them for calls without data, until it returns
none. So a small body that is large when decoded takes little memory and time in each step.
"""

import sys
import zlib
from typing import Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from splitflap_scraper.fetch.errors import FetchError

#: Exceptions for broken data.
ERRORS = (zlib.error, brotli.error, zstd.ZstdError)

#: Members of a gzip body, and frames of a zstd body. Each may be empty, and costs some 5 us.
MAX_MEMBERS = 1_000

#: zlib's window, and its flag to detect a gzip or zlib header.
_WBITS = zlib.MAX_WBITS
_DETECT_HEADER = 32
_GZIP = b"\x1f\x8b"

#: Windows as powers of two. A step of brotli may write a whole window: 4 MiB take 12 ms, and the
#: largest of the standard 50 ms. Servers use 22 or less. For zstd RFC 9659 sets the limit.
MAX_BROTLI_WINDOW = 22
MAX_ZSTD_WINDOW = 23

#: The codings whose decoders take MiB, whatever the body: 8.3 for a window of zstd, 4 for one of
#: brotli and 2.6 for its tables. A decoder of the others takes 40 KiB.
HEAVY = frozenset({"br", "zstd"})


class Decoder(Protocol):
    """Undoes one content coding."""

    def decode(self, data: bytes, most: int) -> bytes:
        """Decode data, and return about `most` bytes. Empty if the decoder needs more data.

        Raises one of ERRORS for broken data.
        """


class Zlib:
    """Decodes gzip of any number of members, zlib, and for `deflate` also raw deflate."""

    def __init__(self, *, may_be_raw: bool) -> None:
        self._may_be_raw = may_be_raw
        self._inflate = zlib.decompressobj(_WBITS | _DETECT_HEADER)
        self._rest = b""
        self._is_full = False
        self._members_left = MAX_MEMBERS

    def decode(self, data: bytes, most: int) -> bytes:
        self._rest += data
        while self._rest or self._is_full:
            page = self._step(most)
            if page:
                return page
        return b""

    def _step(self, most: int) -> bytes:
        if self._inflate.eof and not self._begin_member():
            self._is_full = False
            return b""
        data, self._rest = self._rest, b""
        try:
            page = self._inflate.decompress(data, most)
        except zlib.error:
            if not self._may_be_raw:
                raise
            # Some servers send deflate without its zlib header (RFC 9110, section 8.4.1.2).
            self._inflate = zlib.decompressobj(-_WBITS)
            page = self._inflate.decompress(data, most)
        self._may_be_raw = False
        self._rest = self._inflate.unused_data or self._inflate.unconsumed_tail
        # A full step may have left bytes within the decompressor.
        self._is_full = len(page) >= most
        return page

    def _begin_member(self) -> bool:
        """Begin the next member of gzip. Bytes that are none are ignored, as browsers do."""
        self._members_left -= 1
        if not self._members_left or not _GZIP.startswith(self._rest[:2]):
            self._rest = b""
            self._members_left = 1
            return False
        self._inflate = zlib.decompressobj(_WBITS | _DETECT_HEADER)
        return True


class Zstd:
    """Decodes zstd (RFC 8878) of any number of frames."""

    def __init__(self) -> None:
        self._frames_left = MAX_MEMBERS
        self._rest = b""
        self._begin()

    def _begin(self) -> None:
        limit: dict[int, int] = {zstd.DecompressionParameter.window_log_max: MAX_ZSTD_WINDOW}
        self._frame = zstd.ZstdDecompressor(options=limit)

    def decode(self, data: bytes, most: int) -> bytes:
        self._rest += data
        while True:
            if self._frame.eof and not self._begin_frame():
                return b""
            given, self._rest = self._rest, b""
            page = self._frame.decompress(given, most)
            if self._frame.eof:
                self._rest = self._frame.unused_data
            if page or not self._rest:
                return page

    def _begin_frame(self) -> bool:
        if not self._rest or self._frames_left <= 1:
            self._rest = b""
            return False
        self._frames_left -= 1
        self._begin()
        return True


class Brotli:
    """Decodes brotli (RFC 7932)."""

    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()
        self._has_begun = self._is_drained = False

    def decode(self, data: bytes, most: int) -> bytes:
        if not self._has_begun and data:
            _check_window(data[0])
            self._has_begun = True
        if self._decompressor.is_finished() or (self._is_drained and not data):
            return b""
        page: bytes = self._decompressor.process(data, output_buffer_limit=most)
        # A short page is no sign, and `can_accept_more_data` does not count the window's bytes.
        self._is_drained = not page
        return page


def _check_window(first: int) -> None:
    """Check a window by the first byte of a body (RFC 7932, section 9.1)."""
    window = 17 + (first >> 1 & 7) if first & 1 and first >> 1 & 7 else 16
    if window > MAX_BROTLI_WINDOW:
        raise brotli.error(f"a window of 2^{window} bytes")


class Unknown:
    """Refuses the data. As for any coding, a text is passed as it is."""

    def __init__(self, coding: str) -> None:
        self._coding = coding

    def decode(self, data: bytes, most: int) -> bytes:
        del most
        if data:
            raise FetchError("bad_response", f"unsupported content coding {self._coding[:50]!r}")
        return b""


def decoder_of(coding: str) -> Decoder:
    """Return a new decoder of a coding by its name in lower case."""
    match coding:
        case "gzip" | "x-gzip":
            return Zlib(may_be_raw=False)
        case "deflate":
            return Zlib(may_be_raw=True)
        case "br":
            return Brotli()
        case "zstd":
            return Zstd()
        case _:
            return Unknown(coding)
