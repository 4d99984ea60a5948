"""Which webhooks are told of the present request."""

from flask import request

from splitflap_api.contract.formats import is_id
from splitflap_api.contract.headers import WEBHOOK
from splitflap_api.contract.problems import bad_parameter
from splitflap_api.domain.access.keys import Keyring
from splitflap_api.http.auth import caller


def told_of(keyring: Keyring) -> tuple[str, ...]:
    """The webhooks of the present request: those of all requests, and the one that it names.

    Raises:
        Problem: bad-request, if it names none of its key.
    """
    own = caller().webhooks
    told = tuple(each.id for each in own if each.always)
    named = request.headers.get(WEBHOOK.name)
    if named is None or named in told:
        return told
    # Another replica may have created it just now.
    if not (
        any(named == each.id for each in own)
        or (is_id(named) and keyring.has_webhook(caller().key_id, named))
    ):
        raise bad_parameter(WEBHOOK.name, "expected the id of an enabled webhook of the key")
    return (*told, named)
