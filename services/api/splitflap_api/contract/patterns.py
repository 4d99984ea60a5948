"""Forms of text in requests: one declaration for the server's check and the OpenAPI document.

A pattern has one meaning in Python, ECMA-262 and RE2 (Go, Rust). It therefore has no lookaround, no
reference to a group, and no escape for a class or for a character above U+00FF. It takes linear
time in engines that backtrack.
"""

import re
from dataclasses import dataclass

from msgspec import Meta


@dataclass(frozen=True)
class Form:
    """A form of text: its pattern from `^` to `$`, and the same in words, after "expected"."""

    pattern: str
    expected: str

    @property
    def regex(self) -> str:
        """The pattern for msgspec. Python's `$` also matches before a final line feed."""
        return self.pattern.removesuffix("$") + r"\Z"

    @property
    def schema(self) -> dict[str, str]:
        """The pattern as JSON Schema."""
        return {"pattern": self.pattern}

    def matches(self, text: str) -> bool:
        """Whether the whole text has this form."""
        return re.fullmatch(self.pattern, text) is not None

    def meta(self, what: str) -> Meta:
        """A string of this form in a model. `what` begins its description."""
        return Meta(pattern=self.regex, description=f"{what}: {self.expected}.")


#: Names appear unescaped in query strings, logs and metrics.
CHANNEL = Form(
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
    "1 to 100 letters (A to Z), digits, `.`, `_` or `-`, beginning with a letter or a digit",
)
ACCOUNT = Form(
    "^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$",
    "1 to 100 letters (A to Z), digits, `.`, `_`, `@` or `-`, beginning with a letter or a digit",
)
CHANNELS_OF_KEY = Form(
    r"^(?:\*|[A-Za-z0-9][A-Za-z0-9._-]{0,99}\*?)$",
    "the name of a channel, or a beginning of names and `*`",
)
#: What a post belongs to, as its application names it: opaque.
PARENT = Form(
    "^[A-Za-z0-9][A-Za-z0-9._@:/-]{0,199}$",
    "1 to 200 letters (A to Z), digits, `.`, `_`, `@`, `:`, `/` or `-`, beginning with a letter or "
    "a digit",
)
KEY_NAME = Form(
    r"^[^\x00-\x1f\x7f-\x9f]{0,200}$", "at most 200 characters, none of them a control character"
)


#: How an operator found some dead letters: their filter.
NOTE = Form(
    r"^[^\x00-\x1f\x7f-\x9f]{0,900}$",
    "at most 900 characters, none of them a control character",
)


def text_up_to(length: int) -> Form:
    """A text to compare with texts of the database. PostgreSQL refuses U+0000 in a text."""
    return Form(rf"^[^\x00]{{0,{length}}}$", f"at most {length} characters, without U+0000")


REASON = text_up_to(500)
QUEUE = text_up_to(20)
ACCOUNT_OF_JOB = text_up_to(100)

#: Characters without a glyph: control characters, Unicode's White_Space and
#: Default_Ignorable_Code_Point (such as zero-width spaces), and the empty Braille pattern. RE2 has
#: no escape for those above U+00FF, so they stand for themselves. Go's compiler refuses U+FEFF in a
#: source, so it stands within a range of unassigned ones.
INVISIBLE = (
    r"\x01-\x20\x7f-\xa0\xad"
    "\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u202f"
    "\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufefe-\uff00\uffa0\ufff0-\ufff8"
)
TEXT = Form(
    rf"^[{INVISIBLE}]*[^\x00{INVISIBLE}][^\x00]*$",
    "text with a visible character outside of comments, without U+0000",
)

_ENTITY_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
_ENTITY_TAGS = rf"[ \t,]*{_ENTITY_TAG}(?:[ \t]*,[ \t,]*{_ENTITY_TAG})*[ \t,]*"

#: If-Match and If-None-Match (RFC 9110, sections 13.1.1 and 13.1.2).
ENTITY_TAGS = Form(rf"^(?:\*|{_ENTITY_TAGS})$", 'an ETag such as "3-1a2b3c4d", or *')

#: A String of RFC 9651 with its parameters, or a key without quotes. A comma needs the quotes: WSGI
#: and proxies join two fields of a request with it.
IDEMPOTENCY_KEY = Form(
    r'^(?:"(?:[ !#-\x5b\x5d-~]|\\["\\]){1,255}"(?: *;[ -~]*)?|[!#-+\x2d-~][!-+\x2d-~]{0,254})$',
    'a string of 1 to 255 ASCII characters in quotes, such as "order-7"',
)

#: The server refuses more: the rest of the rules of a host is beyond a pattern.
WEB_URL = Form(
    r"^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f-\x9f/?#\\][^\x00-\x20\x7f-\x9f]*$",
    "an http or https URL with a host, without spaces or control characters",
)

EVENT_ID = Form("^[0-9]{0,18}$", "the `id` of an event: a whole number")

SECRET = Form(
    r"^[^\x00-\x1f\x7f-\x9f]{1,200}$", "1 to 200 characters, none of them a control character"
)
TOKEN = Form("^[A-Za-z0-9_-]{1,100}$", "1 to 100 letters (A to Z), digits, `_` or `-`")

#: The `expected` of each form by its `regex`, which msgspec names in its messages.
EXPECTED = {
    form.regex: form.expected
    for form in (
        CHANNEL,
        ACCOUNT,
        CHANNELS_OF_KEY,
        PARENT,
        KEY_NAME,
        NOTE,
        REASON,
        QUEUE,
        ACCOUNT_OF_JOB,
        EVENT_ID,
        SECRET,
        TOKEN,
    )
}
