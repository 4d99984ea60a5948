"""The span of a request, around the application."""

from collections.abc import Callable, Iterable
from typing import Any

from splitflap_core.tracing.tracer import Span, SpanKind, Tracer

from splitflap_api.contract.operations import EXEMPLAR, ROUTE

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]

#: Statuses from which a request counts as failed: those of the server.
FAILED = "5"


def traced(app: Wsgi, tracer: Tracer) -> Wsgi:
    """The application, with a span for each request until its response begins.

    The application reads the context of the span as the request's own `traceparent`.
    """

    def serve(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        span, context = tracer.begin_root("", SpanKind.SERVER, environ.get("HTTP_TRACEPARENT"))
        environ["HTTP_TRACEPARENT"] = context.traceparent
        if span is None:
            return app(environ, start_response)
        environ[EXEMPLAR] = context.exemplar
        status = "500"

        def start(line: str, *rest: Any) -> Any:
            nonlocal status
            status = line[:3]
            return start_response(line, *rest)

        try:
            return app(environ, start)
        finally:
            _end(tracer, span, environ, status)

    return serve


def _end(tracer: Tracer, span: Span, environ: Environ, status: str) -> None:
    """Name the span by its route, which has no ids, and never a query."""
    method = environ["REQUEST_METHOD"]
    route = environ.get(ROUTE)
    span.name = f"{method} {route}" if route else method
    span.attributes = {
        "http.request.method": method,
        "url.scheme": "http",
        "http.response.status_code": int(status),
    }
    if route:
        span.attributes["http.route"] = route
    tracer.end(span, status if status.startswith(FAILED) else "")
