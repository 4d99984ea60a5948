"""Servers that try to delay, fill or break their clients. Each is a path of one process.

The program prints three ports: of plain HTTP, of a TLS server that stalls, and of one with invalid
TLS. Then it serves until it is killed.
"""

import gzip
import socket
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count, repeat

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
PAGE = OK + b"\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = OK + b"Content-Encoding: gzip\r\n\r\n"
TITLE = b"<title>T</title>"
RICH = TITLE + b"<meta property=og:title content=T><meta property=og:image content=/i>"

#: 64 MiB of spaces in 64 KiB.
BOMB = gzip.compress(b" " * 67_108_864, 9)

#: Seconds between the bytes of a drip.
DRIP = 0.05

#: The bytes of a server, piece by piece.
Pieces = Iterator[bytes]

#: Correct outcomes by server; `title` is a preview with a title.
EXPECTED: dict[str, set[str]] = {}
SERVERS: dict[str, Callable[[str], Pieces]] = {}


def server(*expected: str) -> Callable[[Callable[[str], Pieces]], Callable[[str], Pieces]]:
    """Register a server under its function's name, with the expected outcomes of a fetch."""

    def listed(function: Callable[[str], Pieces]) -> Callable[[str], Pieces]:
        name = function.__name__.removeprefix("s_")
        SERVERS[name], EXPECTED[name] = function, set(expected)
        return function

    return listed


def endlessly(begin: bytes, *units: bytes) -> Pieces:
    """Send as fast as the client reads."""
    yield begin
    yield from units[:-1]
    yield from repeat(units[-1])


def dripping(begin: bytes, unit: bytes) -> Pieces:
    """Send a little, forever."""
    yield begin
    while True:
        time.sleep(DRIP)
        yield unit


def simple(name: str, expected: str, *pieces: bytes) -> None:
    """Register a server with one response."""
    SERVERS[name], EXPECTED[name] = lambda _path: iter(pieces), set(expected.split())


def endless(name: str, expected: str, begin: bytes, *units: bytes) -> None:
    """Register a server that repeats its last bytes forever."""
    SERVERS[name] = lambda _path: endlessly(begin, *units)
    EXPECTED[name] = set(expected.split())


def drip(name: str, expected: str, begin: bytes, unit: bytes) -> None:
    """Register a server that drips."""
    SERVERS[name] = lambda _path: dripping(begin, unit)
    EXPECTED[name] = set(expected.split())


# -- heads
drip("silence", "timeout", b"", b"")
drip("dripping_status", "timeout", b"HTTP/1.1 200 ", b"O")
drip("dripping_header", "timeout", OK + b"X: ", b"x")
drip("dripping_headers", "timeout", OK, b"a: b\r\n")
drip("dripping_informational", "timeout", b"", b"HTTP/1.1 102 Processing\r\n\r\n")
endless("endless_status", "too_large", b"HTTP/1.1 200 ", b"x" * 4096)
endless("endless_header", "too_large", OK + b"X: ", b"x" * 4096)
endless("endless_headers", "too_large", OK, b"a: " + b"x" * 900 + b"\r\n")
endless("endless_small_headers", "too_large", OK, b"a:b\r\n" * 100)
endless("endless_folded_header", "too_large", OK + b"a: b\r\n", b" c\r\n" * 100)
endless("endless_informational", "too_large", b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 50)
endless("endless_cookies", "too_large", OK, b"Set-Cookie: a=" + b"x" * 4000 + b"\r\n")
endless("endless_nulls", "bad_response too_large", b"", b"\0" * 4096)
endless("endless_lines", "bad_response too_large", b"", b"\r\n" * 2048)
simple("many_cookies", "too_large", OK + b"Set-Cookie: a=b\r\n" * 1000 + b"\r\n" + RICH)
simple("cookies", "title", OK + b"Set-Cookie: a=%s; Domain=com\r\n" % (b"x" * 600) * 95 + b"\r\n"
       + RICH)  # fmt: skip
simple("many_headers", "too_large", OK + b"a: b\r\n" * 200 + b"\r\n" + RICH)
simple("another_protocol", "bad_response", b"SSH-2.0-OpenSSH_9.7\r\n")
simple("http_0_9", "bad_response", b"<html>" + RICH)

# -- bodies
endless("endless_body", "title", PAGE + RICH, b"x" * 65_536)
endless("endless_blank", "blank", PAGE, b" " * 65_536)
endless("endless_tags", "title", PAGE + RICH, b"<meta name=a content=b>" * 3000)
endless("endless_tag", "title blank", PAGE + RICH + b"<meta content='", b"x" * 65_536)
endless("endless_less_than", "title", PAGE + RICH, b"<" * 65_536)
drip("dripping_body", "timeout", PAGE + b"<p", b"x")
drip("dripping_after_title", "title", PAGE + RICH, b"x")
drip("stalled_after_title", "title", PAGE + RICH, b"")
simple("short_body", "title", OK + b"Content-Length: 99999999\r\n\r\n" + RICH)
simple("short_body_of_nothing", "closed", OK + b"Content-Length: 99\r\n\r\n<html>")
simple("negative_length", "title", OK + b"Content-Length: -1\r\n\r\n" + RICH)
simple("length_of_words", "title", OK + b"Content-Length: many\r\n\r\n" + RICH)
simple(
    "length_of_digits",
    "title bad_response",
    OK + b"Content-Length: %s\r\n\r\n" % (b"9" * 6000) + RICH,
)

# -- chunks
endless("tiny_chunks", "title", CHUNKED + b"%x\r\n%s\r\n" % (len(RICH), RICH), b"1\r\nx\r\n" * 500)
endless("endless_chunk_size", "too_large", CHUNKED, b"0" * 4096)
endless("endless_extension", "too_large", CHUNKED + b"5;a=", b"x" * 4096)
endless("endless_trailers", "title", CHUNKED + b"%x\r\n%s\r\n0\r\n" % (len(RICH), RICH),
        b"a: b\r\n" * 500)  # fmt: skip
endless("chunk_without_end", "title", CHUNKED + b"ffffffffffffffff\r\n" + RICH, b"x" * 65_536)
drip("dripping_chunks", "timeout", CHUNKED, b"1\r\nx\r\n")
simple("chunk_size_of_words", "bad_response closed", CHUNKED + b"five\r\n" + RICH)
simple("negative_chunk", "bad_response closed title", CHUNKED + b"-5\r\n" + RICH)

# -- compression
endless("bomb", "blank", GZIP, BOMB)
NOTHING = zlib.compressobj(wbits=31).flush(zlib.Z_SYNC_FLUSH)
endless("bomb_of_nothing", "too_large", GZIP + NOTHING, b"\x00\x00\x00\xff\xff" * 800)
simple("nested_bomb", "blank", OK + b"Content-Encoding: gzip, gzip\r\n\r\n",
       gzip.compress(BOMB))  # fmt: skip
endless("broken_compression", "bad_response", GZIP, b"\0x" * 32_768)
simple("coding_without_effect", "title", GZIP + RICH)
simple("unknown_coding", "bad_response", OK + b"Content-Encoding: compress\r\n\r\n\x1f\x9d\x90")
BROTLI = OK + b"Content-Encoding: br\r\n\r\n"
simple("brotli_bomb", "title", BROTLI + brotli.compress(RICH + b" " * 67_108_864))
simple("wide_brotli", "bad_response", BROTLI + brotli.compress(bytes(20_000_000), lgwin=24))
simple("truncated_brotli", "title",
       OK + b"Content-Encoding: br\r\nContent-Length: 99999\r\n\r\n"
       + brotli.compress(RICH + bytes(range(32, 127)) * 999)[:-9])  # fmt: skip
ZSTD = OK + b"Content-Encoding: zstd\r\n\r\n"
simple("zstd_bomb", "blank", ZSTD + zstd.compress(b" " * 67_108_864))
endless("zstd_of_nothing", "too_large timeout", ZSTD, zstd.compress(b"") * 1000)
endless(
    "skipped_zstd", "too_large timeout", ZSTD + b"\x50\x2a\x4d\x18\xff\xff\xff\x7f", b"x" * 65_536
)
endless("members_of_nothing", "too_large timeout", GZIP, gzip.compress(b"") * 500)
NOTHING_NESTED = gzip.compress(NOTHING + b"\0\0\0\xff\xff" * 9_000_000)
simple("nested_bomb_of_nothing", "too_large", OK + b"Content-Encoding: gzip, gzip\r\n\r\n",
       NOTHING_NESTED)  # fmt: skip

# -- elsewhere
MOVED = b"HTTP/1.1 302 Found\r\n"
endless(
    "bomb_in_redirect", "title", MOVED + b"Location: /good\r\nContent-Encoding: gzip\r\n\r\n", BOMB
)
endless("endless_redirect_body", "title", MOVED + b"Location: /good\r\n\r\n", b"x" * 65_536)
drip("dripping_redirect_body", "title", MOVED + b"Location: /good\r\n\r\n", b"x")
simple("redirect_to_itself", "too_many_redirects", MOVED + b"Location: /redirect_to_itself\r\n\r\n")
simple("long_redirect", "bad_redirect", MOVED + b"Location: /" + b"x" * 60_000 + b"\r\n\r\n")
simple("good", "title", PAGE + RICH)


@server("too_many_redirects")
def s_endless_redirects(path: str) -> Pieces:
    """Redirect to a new URL each time."""
    yield MOVED + b"Location: /endless_redirects/%d\r\n\r\n" % (len(path) * 7 + time.time_ns())


@server("too_many_redirects")
def s_endless_cookie_redirects(_path: str) -> Pieces:
    """Redirect to the same URL with a new cookie each time."""
    cookie = b"Set-Cookie: n=%d\r\n" % time.time_ns()
    yield MOVED + cookie + b"Location: /endless_cookie_redirects\r\n\r\n"


@server("too_many_redirects")
def s_endless_refreshes(_path: str) -> Pieces:
    """Refresh to a new page each time."""
    to = b"/endless_refreshes/%d" % time.time_ns()
    yield PAGE + b'<meta http-equiv=refresh content="0;url=%s">' % to


@server("timeout")
def s_slow_redirects(path: str) -> Pieces:
    """Redirect slowly, near the deadline."""
    time.sleep(1.2)
    yield MOVED + b"Location: %s/x\r\n\r\n" % path.encode()


@server("title")
def s_endless_oembed(path: str) -> Pieces:
    """Serve a good page with an endless oEmbed answer."""
    if path.count("/") == 1:
        link = b'<link rel=alternate type="application/json+oembed" href="/endless_oembed/json">'
        return iter([PAGE + TITLE + link])
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    return endlessly(head, b"[", b"[" * 65_536)


@server("title")
def s_dripping_oembed(path: str) -> Pieces:
    """Serve a good page with a dripping oEmbed answer."""
    if path.count("/") == 1:
        link = b'<link rel=alternate type="application/json+oembed" href="/dripping_oembed/json">'
        return iter([PAGE + TITLE + link])
    return dripping(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{", b" ")


# -- resets after the response
simple("reset_at_once", "closed", b"")
simple("reset_in_head", "closed", OK)
simple("reset_in_body", "closed", OK + b"Content-Length: 9999\r\n\r\n<html>")
simple("reset_after_title", "title", OK + b"Content-Length: 9999\r\n\r\n" + RICH)
# Green sockets read a reset as the end of the connection, and this page ends there.
simple("reset_without_length", "blank closed", PAGE + b"<html>")


def handle(sock: socket.socket) -> None:
    """Serve one connection."""
    with sock, suppress(OSError):
        sock.settimeout(30)
        path = sock.recv(65_536).split(b" ")[1].decode("latin-1")
        path = path.partition("?")[0]
        name = path.split("/")[1]
        if name not in SERVERS:
            sock.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            return
        for piece in SERVERS[name](path):
            sock.sendall(piece)
        if name.startswith("reset"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stall(sock: socket.socket) -> None:
    """Begin a TLS record, and never end it."""
    with sock, suppress(OSError):
        sock.recv(65_536)
        sock.sendall(b"\x16\x03\x03\x40\x00")
        for _ in count():
            time.sleep(DRIP)
            sock.sendall(b"\0")


def nonsense(sock: socket.socket) -> None:
    """Answer the TLS handshake with nonsense."""
    with sock, suppress(OSError):
        sock.recv(65_536)
        while True:
            sock.sendall(b"x" * 65_536)


def listen(handler: Callable[[socket.socket], None]) -> int:
    """Serve connections in threads, and return the port."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)

    def accept() -> None:
        while True:
            threading.Thread(target=handler, args=listening.accept()[:1], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port: int = listening.getsockname()[1]
    return port


if __name__ == "__main__":
    sys.stdout.write(f"{listen(handle)} {listen(stall)} {listen(nonsense)}\n")
    sys.stdout.flush()
    threading.Event().wait()
