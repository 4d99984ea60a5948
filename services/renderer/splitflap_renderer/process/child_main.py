"""The main loop of a rendering process: it reads batches of texts and answers each text.

The process writes each answer to a pipe. It wakes the parent by the done signal, a byte in a second
pipe, at the end of a batch. Between the signals the parent reads the pipe at intervals: waking it
for each text takes several times the CPU, in the parent and in the broker.

The process holds no connection and no secret. It ends when its parent ends.
"""

import os
import resource
import signal
import time
from itertools import product
from multiprocessing.connection import Connection

import msgspec
from splitflap_core.contracts import FLAVOURS, MAX_MESSAGE, RenderRequest

from splitflap_renderer.markdown.checks import TextRefused
from splitflap_renderer.options import Options
from splitflap_renderer.render import TooLarge, render

#: Characters of an error's message that are passed on.
MAX_DETAIL = 300

#: Most bytes of a result, so that the API takes its message with the envelope.
MAX_RESULT = MAX_MESSAGE - 8_192


class TextAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The answer to one text: the JSON of its RenderResult, or a reason and a detail.

    After an answer with `leaving`, the process ends and leaves the rest of the batch.
    """

    result: bytes | None
    detail: str = ""
    leaving: bool = False
    reason: str = "broken"


class TimedAnswer(msgspec.Struct, frozen=True, array_like=True):
    """An answer and its time.

    `clock` is the monotonic clock in seconds, which all processes share. `cpu` is the CPU time of
    the answering process so far, in seconds.
    """

    answer: TextAnswer
    clock: float
    cpu: float


encode_texts = msgspec.msgpack.Encoder().encode
_decode_texts = msgspec.msgpack.Decoder(list[RenderRequest]).decode
_encode_answer = msgspec.msgpack.Encoder().encode
decode_answer = msgspec.msgpack.Decoder(TimedAnswer).decode
_encode_result = msgspec.json.Encoder().encode

#: The first message of a process: it is warm and reads texts.
READY = b"ready"


def run(pipe: Connection, done_signal: Connection, memory_mib: int, options: Options) -> None:
    """Answer texts until the parent closes its end of the pipe, or ends."""
    # The parent orders the stop. A signal to the process group must not cut a text short.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _limit_memory(memory_mib)
    warm_up(options)
    try:
        pipe.send_bytes(READY)
        send_done(done_signal)
        while _answer_batch(pipe, options):
            send_done(done_signal)
    except (EOFError, OSError):
        return


def warm_up(options: Options) -> None:
    """Build all objects that live as long as the process: parsers, cleaners, tables of names."""
    for flavour, breaks in product(FLAVOURS, (True, False)):
        render("*warm* :tada:\n\n```python\nx\n```", flavour, options, breaks=breaks)


def answer(request: RenderRequest, options: Options) -> TextAnswer:
    """Render one text. An exception becomes an answer too."""
    try:
        found = render(
            request.text, request.flavour, options, breaks=request.breaks, salt=request.salt
        )
        result = _encode_result(found)
        if len(result) > MAX_RESULT:
            raise TooLarge(f"the result has {len(result)} bytes; at most {MAX_RESULT} are allowed")
        return TextAnswer(result)
    except TextRefused as refused:
        return TextAnswer(None, str(refused), reason="refused")
    except MemoryError:
        return TextAnswer(None, "MemoryError: not enough memory", leaving=True)
    except Exception as error:  # noqa: BLE001 - Markdown may raise anything
        return TextAnswer(None, f"{type(error).__name__}: {error}"[:MAX_DETAIL])


def send_done(done_signal: Connection) -> None:
    """Wake the parent."""
    os.write(done_signal.fileno(), b"\0")


def _answer_batch(pipe: Connection, options: Options) -> bool:
    """Read and answer one batch; False if the process must end."""
    for request in _decode_texts(pipe.recv_bytes()):
        reply = answer(request, options)
        pipe.send_bytes(_encode_answer(TimedAnswer(reply, time.monotonic(), time.process_time())))
        if reply.leaving:
            return False
    return True


def _limit_memory(mib: int) -> None:
    """Make an allocation beyond the limit raise MemoryError, before the container is full."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = mib * 1024 * 1024
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # A core dump would hold the text of users.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
