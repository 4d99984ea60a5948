"""The preconditions of a request: If-Match, then If-None-Match (RFC 9110, section 13).

Nothing here has a modification date. If-Unmodified-Since and If-Modified-Since are therefore
ignored, as sections 13.1.3 and 13.1.4 demand.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response, request

from .errors import BadHeader, PreconditionFailed
from .final import is_success

#: One element of a list of entity tags, up to its comma. A list may have empty elements. The
#: possessive quantifiers keep the time linear in the length of the header.
_ELEMENT = re.compile(r'[ \t]*+((?:W/)?"[\x21\x23-\x7e\x80-\xff]*+")?+[ \t]*+(?:,|\Z)')


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The entity tags in If-Match and If-None-Match. `*` stands for any; None is no header."""

    if_match: frozenset[str] | None = None
    #: Without `W/`: this header compares weakly.
    if_none_match: frozenset[str] | None = None

    @classmethod
    def read(cls) -> "Preconditions":
        """Read the preconditions of the present request.

        Raises:
            BadHeader: a header is no list of entity tags.
        """
        environ = request.environ
        if "HTTP_IF_MATCH" not in environ and "HTTP_IF_NONE_MATCH" not in environ:
            return NO_PRECONDITIONS
        if_match, if_none_match = _tags("If-Match"), _tags("If-None-Match")
        if if_none_match is not None:
            if_none_match = frozenset(tag.removeprefix("W/") for tag in if_none_match)
        return cls(if_match, if_none_match)

    def check(self, etag: str | None) -> None:
        """Check the preconditions of a change, for the present ETag of its resource.

        Call this in the transaction of the change, once the resource is locked. Without an ETag,
        only `*` matches the resource.

        Raises:
            PreconditionFailed: the change must not happen.
        """
        if not self._matches(etag):
            raise PreconditionFailed("If-Match", etag)
        if not self._none_matches(etag):
            raise PreconditionFailed("If-None-Match", etag)

    def answer(self, response: Response) -> Response:
        """The response to a GET or HEAD: itself, or 304 if the client has it already.

        Raises:
            PreconditionFailed: the client wants another representation.
        """
        # Section 13.2.1: preconditions count for successful responses only.
        if self is NO_PRECONDITIONS or not is_success(response.status_code):
            return response
        etag = response.headers.get("ETag")
        if not self._matches(etag):
            response.close()
            raise PreconditionFailed("If-Match", etag)
        return response if self._none_matches(etag) else _not_modified(response)

    def _matches(self, etag: str | None) -> bool:
        """Whether If-Match holds. It compares strongly: a weak tag matches nothing."""
        if self.if_match is None or "*" in self.if_match:
            return True
        return etag is not None and not etag.startswith("W/") and etag in self.if_match

    def _none_matches(self, etag: str | None) -> bool:
        """Whether If-None-Match holds."""
        if self.if_none_match is None:
            return True
        if "*" in self.if_none_match:
            return False
        return etag is None or etag.removeprefix("W/") not in self.if_none_match


#: A request without preconditions.
NO_PRECONDITIONS = Preconditions()


def _tags(name: str) -> frozenset[str] | None:
    value = request.headers.get(name)
    if value is None:
        return None
    if value.strip(" \t") == "*":
        return frozenset({"*"})
    tags, position = set(), 0
    while position < len(value):
        element = _ELEMENT.match(value, position)
        if element is None:
            raise _malformed(name)
        if element[1]:
            tags.add(element[1])
        position = element.end()
    if not tags:
        raise _malformed(name)
    return frozenset(tags)


def _malformed(name: str) -> BadHeader:
    return BadHeader(name, 'an ETag in quotes such as "3-1a2b3c4d", several with commas, or *')


def _not_modified(response: Response) -> Response:
    """304 with the headers of the response, apart from those of its content."""
    headers = [
        (name, value)
        for name, value in response.headers
        if name.lower() not in {"content-type", "content-length"}
    ]
    response.close()
    made = Response(status=HTTPStatus.NOT_MODIFIED)
    made.headers.clear()
    made.headers.extend(headers)
    return made
