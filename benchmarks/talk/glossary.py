"""The words of docs/talk.md that a reader who knows Flask may not know."""

_WORDS = {
    "slot": ("what serves one request at a time: a process, a thread or a green thread"),
    "worker": (
        "a process of a server that serves requests. A *sync* worker of gunicorn has one "
        "slot; a *gthread* worker has threads"
    ),
    "in flight": ("begun, and not yet answered"),
    "peak": ("the most right answers a second that a server gave"),
    "GIL": ("the lock of Python that lets one thread compute at a time"),
    "fork": ("how a process makes a copy of itself. gunicorn makes its workers so"),
    "preload": ("the application is imported once, before the fork"),
    "PSS": (
        "memory of a process. A page that several processes share counts once, divided among them"
    ),
    "green thread": (
        "a thread that a library makes, not the kernel. Only one of them runs; it "
        "gives way when it waits"
    ),
    "patch": (
        "eventlet and gevent replace the calls of the standard library that wait, so that "
        "a green thread gives way there"
    ),
    "WSGI, ASGI": (
        "the interfaces between a server and an application: for plain functions (Flask), "
        "and for `async` ones (FastAPI)"
    ),
    "kept connection": ("a connection that a client uses for several requests (keep-alive)"),
    "long polling": (
        "the client asks, the server answers when there is news, and the client asks again"
    ),
    "sticky sessions": ("a load balancer sends all requests of one client to the same server"),
    "202": ("the status for accepted: the work is done later, and the client asks for its result"),
    "Little's law": ("requests in flight = requests a second times the seconds of each"),
    "Amdahl's law": (
        "what must run one after the other limits what more threads or processes can gain"
    ),
}


def glossary() -> str:
    """A table of the words."""
    rows = "".join(f"| {word} | {meaning} |\n" for word, meaning in _WORDS.items())
    return f"| word | meaning |\n| --- | --- |\n{rows}"
