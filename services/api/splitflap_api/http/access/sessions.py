"""HTTP of sessions and stream tokens."""

from flask import Response, request
from werkzeug.http import dump_cookie

from asyncrequest import Preconditions
from splitflap_api.contract import headers as doc
from splitflap_api.contract import models
from splitflap_api.contract.access import models as access_models
from splitflap_api.contract.access.credentials import SECURE_COOKIE, cookie_name, cookies_of
from splitflap_api.contract.operations import ANY_SCOPE, Operation, ResponseSpec
from splitflap_api.contract.problems import Problem, unauthorized
from splitflap_api.domain.access.keys import Caller
from splitflap_api.domain.access.sessions import LIFETIME, Sessions
from splitflap_api.http.auth import caller
from splitflap_api.http.operator.audit import Auditor
from splitflap_api.http.pages import page_of
from splitflap_api.http.parse import id_of
from splitflap_api.http.responses import JsonResponse, json_of, no_content
from splitflap_api.http.services import Services
from splitflap_api.overload.rate import RateLimiter

#: New sessions and tokens per second of one key, in one process: each is a commit of its own.
RATE = 20.0


class SessionViews:
    """The views of the operations below."""

    def __init__(self, services: Services) -> None:
        self._keyring = services.keyring
        self._sessions = Sessions(services.store, services.keyring)
        self._rate = RateLimiter(RATE)
        self._audit = Auditor(services.store)

    def begin(self, body: access_models.SessionInput) -> JsonResponse:
        new = self._keyring.caller(body.key)
        if new is None:
            raise unauthorized("no such key, or it is revoked", "invalid_token")
        self._check_rate(new)
        session, secret = self._sessions.begin(new, request.headers.get("User-Agent", ""))
        self._end_replaced()
        return json_of(session, 201, {"Set-Cookie": _cookie(secret, LIFETIME["page"])})

    def show(self) -> JsonResponse:
        return json_of(self._sessions.present(caller()))

    def end(self) -> Response:
        return self._end(caller().session_id)

    def sessions(self, query: models.PageQuery) -> JsonResponse:
        after = None if query.after is None else id_of(query.after)
        return page_of(self._sessions.page(caller(), after, query.limit + 1), query.limit)

    def end_one(self, session_id: str) -> Response:
        return self._end(session_id)

    def new_token(self) -> JsonResponse:
        own = caller()
        if own.session_id:
            # Its streams would outlive the session.
            raise Problem("forbidden", "a session needs no token: its cookie opens the stream")
        self._check_rate(own)
        return json_of(self._sessions.new_token(own), 201)

    def _end(self, session_id: str | None) -> Response:
        with self._audit.change("session.ended") as note:
            self._sessions.end(caller(), session_id, Preconditions.read(), note)
        response = no_content()
        if session_id == caller().session_id:
            response.headers["Set-Cookie"] = _cookie("", 0)
        return response

    def _end_replaced(self) -> None:
        """End the session whose cookie the browser replaces."""
        for secret in cookies_of(request.environ)[:1]:
            old = self._keyring.caller(secret, "page")
            if old:
                with self._audit.change("session.ended", old) as note:
                    self._sessions.end(old, old.session_id, note=note)

    def _check_rate(self, new: Caller) -> None:
        if wait := self._rate.wait_for(new.key_id):
            detail = f"more than {RATE:g} new sessions and tokens a second with one key"
            raise Problem("rate-limited", detail, headers={"Retry-After": str(wait)})


def _cookie(value: str, seconds: int) -> str:
    name = cookie_name(request.environ)
    return dump_cookie(
        name,
        value,
        max_age=seconds,
        sync_expires=False,
        path="/",
        secure=name == SECURE_COOKIE,
        httponly=True,
        samesite="Strict",
    )


def operations(services: Services) -> list[Operation]:
    """Operations on sessions and tokens. Any valid key may use those on its own session."""
    views = SessionViews(services)
    return [
        Operation(
            "POST",
            "/session",
            "create_session",
            "Exchange a key for the cookie of a session",
            views.begin,
            {
                201: ResponseSpec(
                    "The session. The cookie has its secret.",
                    access_models.Session,
                    headers=(doc.SET_COOKIE,),
                )
            },
            scope=None,
            body=access_models.SessionInput,
            headers=(doc.PAGE,),
            problems=("unauthorized", "not-own-page", *doc.BODY_PROBLEMS),
            doc="For the page of this service. A session lasts a week, and ends with its key. A "
            "key has at most 100 sessions; a new one ends the oldest.",
        ),
        Operation(
            "GET",
            "/session",
            "show_session",
            "The session of this request",
            views.show,
            {200: ResponseSpec("The session.", access_models.Session)},
            scope=ANY_SCOPE,
            problems=("not-found",),
            doc="A request with a key in place of a cookie has no session: 404.",
        ),
        Operation(
            "DELETE",
            "/session",
            "end_session",
            "End the session of this request",
            views.end,
            {204: ResponseSpec("Done.", headers=(doc.SET_COOKIE,))},
            scope=ANY_SCOPE,
            checks_preconditions=True,
            problems=("not-found",),
        ),
        Operation(
            "GET",
            "/sessions",
            "list_sessions",
            "The sessions of the caller's account, newest first",
            views.sessions,
            {200: ResponseSpec("A page of sessions.", access_models.SessionList)},
            scope=ANY_SCOPE,
            query=models.PageQuery,
        ),
        Operation(
            "DELETE",
            "/sessions/{session_id}",
            "end_one_session",
            "End a session of the caller's account; other replicas may accept it for 5 s more",
            views.end_one,
            {204: doc.NO_CONTENT},
            scope=ANY_SCOPE,
            checks_preconditions=True,
            problems=("not-found",),
            doc="A session of another key of the account needs the scope `write`.",
        ),
        Operation(
            "POST",
            "/stream-tokens",
            "create_stream_token",
            "A token that opens the event stream for five minutes",
            views.new_token,
            {201: ResponseSpec("The token.", access_models.StreamToken)},
            doc="For a browser's EventSource, which sends no header: "
            "`GET /v1/events?token=TOKEN`. A stream goes on after its token has expired, and ends "
            "with the key. A token may open several streams. A key has at most 1,000 tokens; a new "
            "one ends the oldest.",
        ),
    ]
