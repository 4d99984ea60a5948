"""Authentication by `Authorization: Bearer KEY` (RFC 6750, section 2.1)."""

from flask import g, request

from splitflap_api.contract.access.credentials import bearer_of
from splitflap_api.contract.problems import forbidden, unauthorized
from splitflap_api.domain.access.keys import Caller, Keyring


def authorise(keyring: Keyring, scope: str) -> Caller:
    """The account and scopes of the request's key.

    Raises:
        Problem: unauthorized or forbidden.
    """
    caller = keyring.caller(bearer())
    if caller is None:
        raise unauthorized("no such key, or it is revoked", "invalid_token")
    if not caller.may(scope):
        raise forbidden(f"the key lacks the scope {scope}", scope)
    return caller


def bearer() -> str:
    """The key as the client sent it.

    Raises:
        Problem: unauthorized.
    """
    secret = bearer_of(request.headers.get("Authorization", ""))
    if not secret:
        raise unauthorized("expected Authorization: Bearer KEY")
    return secret


def caller() -> Caller:
    """The caller of the present request, set by routing.py."""
    found: Caller = g.caller
    return found


def is_admin() -> bool:
    """Whether the caller may change other accounts' posts."""
    return "admin" in caller().scopes
