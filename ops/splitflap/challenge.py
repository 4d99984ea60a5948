"""Recognize a Splitflap before the first request with a key.

A request without a key gets 401 from a Splitflap, with this challenge. The key goes to no other
server: to none that redirects, answers with a page, or challenges for another realm.
"""

import re
from http import HTTPStatus

#: Segments of the path of the request without a key, below the API's address.
PROBE = ("v1", "keys")

#: The challenge of a Splitflap (RFC 6750, section 3), which may stand beside those of a proxy.
_CHALLENGE = re.compile(r'\bBearer\s[^"]*(?:"[^"]*"[^"]*)*?\brealm="splitflap"', re.IGNORECASE)


def is_splitflap(status: int, challenge: str | None) -> bool:
    """Whether a Splitflap answered: by the status and the WWW-Authenticate of the response."""
    return status == HTTPStatus.UNAUTHORIZED and bool(_CHALLENGE.search(challenge or ""))
