"""Authentication: a key, the cookie of a session, or the token of an event stream."""

from flask import g, request

from splitflap_api.contract.access.credentials import COOKIE, Credential, cookies_of, credential_of
from splitflap_api.contract.operations import ANY_SCOPE
from splitflap_api.contract.problems import forbidden, unauthorized
from splitflap_api.domain.access.keys import Caller, Keyring
from splitflap_api.http.access.own_page import check_own_page

_UNKNOWN = {
    "key": "no such key, or it is revoked",
    "page": "the session has ended, or its key",
    "stream": "the token has expired, or its key is revoked",
}


def authorise(keyring: Keyring, scope: str) -> Caller:
    """The account and scopes of the request's key.

    Raises:
        Problem: unauthorized, forbidden or not-own-page.
    """
    credential = _credential()
    if credential.use == "page":
        check_own_page()
    caller = keyring.caller(*credential)
    if caller is None:
        raise unauthorized(_UNKNOWN[credential.use], "invalid_token")
    if scope != ANY_SCOPE and not caller.may(scope):
        raise forbidden(f"the key lacks the scope {scope}", scope)
    return caller


def _credential() -> Credential:
    if found := credential_of(request.environ):
        return found
    if len(cookies_of(request.environ)) > 1:
        # Another host or path of this site has set one of them.
        raise unauthorized(f"expected one cookie {COOKIE}, got several: delete those of this site")
    raise unauthorized("expected Authorization: Bearer KEY")


def caller() -> Caller:
    """The caller of the present request, set by routing.py."""
    found: Caller = g.caller
    return found


def is_admin() -> bool:
    """Whether the caller may change other accounts' posts."""
    return "admin" in caller().scopes
