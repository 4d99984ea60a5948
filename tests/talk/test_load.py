"""The load tells right answers from wrong and from missing ones."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.talk.load import Load, Work, send_alone

#: What the server answers; an empty one ends the connection.
HEAD = b"HTTP/1.1 200 OK\r\n"


@contextmanager
def answering(*answers: bytes) -> Iterator[int]:
    """The port of a server that gives these answers in turn, each on one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                client, _ = listener.accept()
                with client:
                    client.recv(10_000)
                    client.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def body(text: bytes) -> bytes:
    """A response with a length."""
    return HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(text), text)


@pytest.mark.parametrize(
    ("third", "right", "wrong", "missing"),
    [
        (body(b"three"), 3, 0, 0),
        (HEAD + b"\r\nthree", 3, 0, 0),  # it ends with its connection
        (body(b"two"), 2, 1, 0),
        (body(b"three")[:-1], 2, 0, 1),
        (b"", 2, 0, 1),
    ],
    ids=["right", "right without a length", "of another request", "cut", "none"],
)
def test_each_answer_is_compared_with_its_request(
    third: bytes, right: int, wrong: int, missing: int
) -> None:
    """An answer to another request is wrong, although its status is 200."""
    work = Work("count", ("/1", "/2", "/3"), (b"one", b"two", b"three"))
    with answering(body(b"one"), body(b"two"), third) as port:
        result = send_alone(Load(port, 10, 0.3, 4, fresh=True, warm_up=0.0), work)
    assert (len(result.of(200).latencies), result.wrong, result.lost) == (right, wrong, missing)
    assert result.wrong_examples == ["two"] * wrong
