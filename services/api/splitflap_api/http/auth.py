"""Authentication: a key, the cookie of a session, or the token of an event stream."""

from flask import g, request

from splitflap_api.contract.access.credentials import COOKIE, Credential, cookies_of, credential_of
from splitflap_api.contract.headers import ACCOUNT
from splitflap_api.contract.operations import ANY_SCOPE
from splitflap_api.contract.problems import Problem, forbidden, invalid, unauthorized
from splitflap_api.domain.access.keys import Caller, Keyring
from splitflap_api.http.access.own_page import check_own_page
from splitflap_api.http.parse import is_low
from splitflap_api.overload.acting import ActingLimits

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


def act_for(account: str, given_by: str, limits: ActingLimits) -> None:
    """Make the present request this account's. `given_by` names the field or header.

    Raises:
        Problem: forbidden without the scope act; invalid for a second, other account; the limits
            of the account.
    """
    if account != caller().account:
        check_act(given_by)
        if caller().own_account is not None:
            raise invalid(given_by, f"expected {caller().account}, as in {ACCOUNT.name}")
        limits.check(account, request.method, request.path, low=is_low())
        g.caller = caller().acting_for(account)


def check_channel(channel: str) -> None:
    """Raises Problem not-found if the caller's key may not see the channel."""
    if channel not in caller().channels:
        raise Problem("not-found", "no channel of the key has this name")


def caller() -> Caller:
    """The caller of the present request, set by routing.py."""
    found: Caller = g.caller
    return found


def check_act(what: str) -> None:
    """Raises Problem forbidden unless the caller's key may act for other accounts."""
    if caller().own_account is None and not caller().may("act"):
        raise forbidden(f"{what}: the key lacks the scope act", "act")
