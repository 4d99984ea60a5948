"""What runs in a rendering process: texts come over a pipe, each is answered by itself.

Answers do not wake the parent, which looks for them now and then; only the last of a trip rings
its done signal. To be woken for each costs the parent, and by its small messages the broker,
several times the CPU.

The process holds no connection and no secret, and ends when its parent does.
"""

import os
import resource
import signal
import time
from multiprocessing.connection import Connection

import msgspec
from splitflap_core.contracts import FLAVOURS, RenderRequest

from splitflap_renderer.markdown.checks import Refused
from splitflap_renderer.options import Options
from splitflap_renderer.render import render

#: Characters of an error's message that are passed on.
MAX_DETAIL = 300


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What became of one text: the JSON of its RenderResult, or why it failed and with what.

    After an answer with `leaving`, the process ends without beginning another text.
    """

    result: bytes | None
    detail: str = ""
    leaving: bool = False
    reason: str = "broken"


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """An answer, and when it was given.

    `clock` is the monotonic one, which all processes share; `cpu` is the CPU time (seconds) of the
    process that gave it.
    """

    answer: Answer
    clock: float
    cpu: float


encode_texts = msgspec.msgpack.Encoder().encode
_decode_texts = msgspec.msgpack.Decoder(list[RenderRequest]).decode
_encode_answer = msgspec.msgpack.Encoder().encode
decode_answer = msgspec.msgpack.Decoder(Answered).decode
_encode_result = msgspec.json.Encoder().encode

#: Says that the process is warm and waits for texts; it is the first message.
READY = b"ready"


def run(pipe: Connection, done_signal: Connection, memory_mib: int, options: Options) -> None:
    """Answer texts until the parent closes its end of the pipe, or dies."""
    # The parent says when to stop; a signal to the whole process group must not cut work short.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _limit_memory(memory_mib)
    warm(options)
    try:
        pipe.send_bytes(READY)
        ring(done_signal)
        while _answer_batch(pipe, options):
            ring(done_signal)
    except (EOFError, OSError):
        return


def warm(options: Options) -> None:
    """Build all that is built once: parsers, cleaners, tables of names."""
    for flavour in FLAVOURS:
        render("*warm* :tada:\n\n```python\nx\n```", flavour, options)


def answer(request: RenderRequest, options: Options) -> Answer:
    """Render one text; whatever it raises is its own fault, and becomes an answer."""
    try:
        return Answer(_encode_result(render(request.text, request.flavour, options)))
    except Refused as refused:
        return Answer(None, str(refused), reason="refused")
    except MemoryError:
        return Answer(None, "MemoryError: not enough memory", leaving=True)
    except Exception as error:  # noqa: BLE001 - Markdown may raise anything
        return Answer(None, f"{type(error).__name__}: {error}"[:MAX_DETAIL])


def ring(done_signal: Connection) -> None:
    """Wake the parent."""
    os.write(done_signal.fileno(), b"\0")


def _answer_batch(pipe: Connection, options: Options) -> bool:
    for request in _decode_texts(pipe.recv_bytes()):
        reply = answer(request, options)
        pipe.send_bytes(_encode_answer(Answered(reply, time.monotonic(), time.process_time())))
        if reply.leaving:
            return False
    return True


def _limit_memory(mib: int) -> None:
    """More than the limit raises MemoryError here, instead of filling the container."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = mib * 1024 * 1024
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # No core dumps: they would hold the text of users.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
