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
KEY_NAME = Form(
    r"^[^\x00-\x1f\x7f]{0,200}$", "at most 200 characters, none of them a control character"
)

#: The characters of `str.isspace`. RE2 has no escape for those above U+00FF, so they stand for
#: themselves.
WHITE_SPACE = r"\t-\r\x1c-\x20\x85\xa0" + "\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"

TEXT = Form(
    rf"^[{WHITE_SPACE}]*[^\x00{WHITE_SPACE}][^\x00]*$",
    "text that is not only white space, without U+0000",
)

_ENTITY_TAG = r'(?:W/)?"[!#-~]*"'
_ENTITY_TAGS = rf"[ \t,]*{_ENTITY_TAG}(?:[ \t]*,[ \t,]*{_ENTITY_TAG})*[ \t,]*"

#: If-Match and If-None-Match (RFC 9110, sections 13.1.1 and 13.1.2).
ENTITY_TAGS = Form(rf"^(?:\*|{_ENTITY_TAGS})$", 'an ETag such as "3-1a2b3c4d", or *')

EVENT_ID = Form("^[0-9]{0,18}$", "the `id` of an event: a whole number")

#: The `expected` of each form by its `regex`, which msgspec names in its messages.
EXPECTED = {form.regex: form.expected for form in (CHANNEL, ACCOUNT, KEY_NAME)}
