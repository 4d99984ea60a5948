"""The credential in the bytes of a request."""

import re

from splitflap_api.contract.access.credentials import COOKIE, STREAM, Credential, Use

_HEAD_END = b"\r\n\r\n"
_SECRET = rb"([A-Za-z0-9_-]{1,100})"

#: A key wins over a token, and a token over a cookie. The scheme decides which name of the cookie
#: counts; here either does.
_PATTERNS: tuple[tuple[Use, re.Pattern[bytes]], ...] = (
    ("key", re.compile(rb"\r\nauthorization: ?bearer +([\x21-\x7e]+)(?=\r\n)", re.IGNORECASE)),
    ("stream", re.compile(rb"^GET %s\?(?:[^ ]*&)?token=%s[ &]" % (STREAM.encode(), _SECRET))),
    (
        "page",
        re.compile(
            rb"\r\n(?i:cookie):(?:[^\r\n]*;)? *(?:__Host-)?%s=%s(?=[;\r])"
            % (COOKIE.encode(), _SECRET)
        ),
    ),
)
#: What must not come twice.
_AUTHORIZATION = b"\r\nauthorization"
_COOKIES = b"\r\ncookie:"
_COOKIE = COOKIE.encode() + b"="


def probable_credential(data: bytes) -> Credential | None:
    """The credential that the first bytes of a request seem to have. It grants nothing."""
    for use, pattern in _PATTERNS:
        if found := pattern.search(data):
            return Credential(found[1].decode("ascii"), use)
    return None


def certain_credential(data: bytes) -> Credential | None:
    """The credential of a request, if its head certainly has exactly one."""
    head, end, _ = data.partition(_HEAD_END)
    found = probable_credential(head + b"\r\n") if end else None
    if found is None:
        return None
    fields = head.lower()
    keys = fields.count(_AUTHORIZATION)
    if found.use == "key":
        return found if keys == 1 else None
    cookies = max(fields.count(_COOKIES), head.count(_COOKIE))
    return found if keys == 0 and cookies <= 1 else None
