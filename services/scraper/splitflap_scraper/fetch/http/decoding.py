"""Undoes the content codings of one body, as real servers declare them.

Servers declare codings that they did not apply, charsets in place of codings, and one coding twice.
So a coding whose first data are a text in place of valid compression is skipped.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence

from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.http.codings import ERRORS, HEAVY, Decoder, decoder_of
from splitflap_scraper.fetch.http.sniffing import is_text

#: The content codings in a request. Brotli and zstd are read, but not asked for (docs/adr/0029).
ACCEPT_ENCODING = "gzip, deflate"

#: Words in place of a coding that mean none. Charsets and media types do too.
_NO_CODINGS = frozenset({"", "identity", "none", "null", "binary", "7bit", "8bit", "aws-chunked"})
_NO_CODING_BEGINNINGS = ("utf", "iso-8859", "windows-", "charset", "us-ascii")

#: Codings of one body. Real ones have one, rarely two.
MAX_CODINGS = 3

#: Bytes that a decoder returns in one step.
STEP = 64 * 1024

#: Bytes of a piece of a whole body. Brotli may return no byte of a broken piece.
PIECE = 16 * 1024

#: The turn of the bodies with a heavy coding: one at a time has a decoder.
_heavy_turn = threading.Lock()


class Decoding:
    """The codings of one body, undone in the reverse of their order."""

    def __init__(self, codings: Sequence[str], max_between: int) -> None:
        """`codings` are Content-Encoding headers. `max_between` bounds the bytes between two.

        Raises:
            FetchError: `bad_response` for too many codings, or several heavy ones.
        """
        named = [each for each in _names(codings) if not _is_none(each)]
        if len(named) > MAX_CODINGS:
            raise FetchError("bad_response", f"more than {MAX_CODINGS} content codings")
        heavy = [each for each in named if each in HEAVY]
        if len(heavy) > 1:
            raise FetchError("bad_response", f"several codings of {', '.join(sorted(HEAVY))}")
        #: Whether a decoder takes so much memory that it needs the whole body at once.
        self.is_heavy = bool(heavy)
        self._stages = [_Stage(each) for each in reversed(named)]
        self._left_between = max_between

    def pages(self, data: bytes) -> Iterable[bytes]:
        """Decode a piece of the body, in steps.

        Raises:
            FetchError: `bad_response`, for broken compression or an unsupported coding; `too_large`
                for too many bytes between two codings.
        """
        return self._through(data, 0) if self._stages else (data,)

    def _in_pieces(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), PIECE):
            yield from self.pages(data[at : at + PIECE])

    def _through(self, data: bytes, number: int) -> Iterator[bytes]:
        is_last = number + 1 == len(self._stages)
        for page in self._stages[number].pages(data):
            if is_last:
                yield page
                continue
            self._left_between -= len(page)
            if self._left_between < 0:
                raise FetchError("too_large", "more bytes between two codings than allowed")
            yield from self._through(page, number + 1)
            time.sleep(0)

    def whole(self, data: bytes, most: int) -> tuple[bytes, FetchError | None]:
        """Decode the beginning of a whole body, once it has the turn of the heavy codings.

        Returns some more than `most` bytes if there are more, and the error after the bytes.
        """
        page = bytearray()
        error = None
        with _heavy_turn:
            try:
                for each in self._in_pieces(data):
                    page += each
                    if len(page) > most:
                        break
                    time.sleep(0)
            except FetchError as broken:
                # A copy, since the frames of the other one hold the decoder.
                error = FetchError(broken.reason, broken.detail)
            self._stages = []
        return bytes(page), error


class _Stage:
    """One coding."""

    def __init__(self, coding: str) -> None:
        self._decoder: Decoder | None = decoder_of(coding)
        self._has_begun = False

    def pages(self, data: bytes) -> Iterator[bytes]:
        given = data
        while self._decoder is not None:
            try:
                page = self._decoder.decode(given, STEP)
            except (*ERRORS, FetchError) as error:
                self._skip_or_raise(data, error)
                break
            self._has_begun = self._has_begun or bool(data)
            if not page:
                return
            yield page
            given = b""
        if data:
            yield data

    def _skip_or_raise(self, data: bytes, error: Exception) -> None:
        """Skip the coding if its first data are a text, or raise FetchError."""
        if self._has_begun or not is_text(data):
            if isinstance(error, FetchError):
                raise error
            raise FetchError("bad_response", f"broken compression: {error}") from error
        self._decoder = None


def _names(codings: Sequence[str]) -> list[str]:
    text = ",".join(codings).lower()[:1000]
    return [each.strip(" \t\"'") for each in text.split(",")] if text else []


def _is_none(coding: str) -> bool:
    return coding in _NO_CODINGS or coding.startswith(_NO_CODING_BEGINNINGS) or "/" in coding
