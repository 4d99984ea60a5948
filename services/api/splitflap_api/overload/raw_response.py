"""Problems as bytes of HTTP/1.1, for responses outside of WSGI."""

from splitflap_api.contract.problems import MEDIA_TYPE, Problem


def raw_response(problem: Problem, *, close: bool) -> bytes:
    """The problem as a whole response. `close` announces the end of the connection."""
    body = problem.body()
    fields = {
        **problem.headers,
        "Connection": "close" if close else "keep-alive",
        "Cache-Control": "no-store",
        "Content-Type": MEDIA_TYPE,
        "Content-Length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {problem.status} {problem.title}\r\n{head}\r\n".encode() + body
