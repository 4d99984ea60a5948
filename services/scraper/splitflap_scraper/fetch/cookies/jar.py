"""The cookies of one visit (RFC 6265bis).

A jar begins empty and ends with its visit. So its cookies tell a site only what the site itself
said some seconds before, and no other visit or site sees them.
"""

from collections.abc import Sequence

from splitflap_scraper.fetch.cookies.set_cookie import Cookie, set_cookie
from splitflap_scraper.fetch.targets.urls import Target

#: Cookies of a jar. The oldest one leaves, first of those without `Secure`.
MAX_COOKIES = 50

#: Characters of a Cookie header. Common servers refuse requests of more than 8 KiB.
MAX_HEADER = 6 * 1024


class CookieJar:
    """The cookies of one visit."""

    def __init__(self) -> None:
        #: By name, domain, `is_for_host` and path, in the order of their creation.
        self._cookies: dict[tuple[str, str, bool, str], Cookie] = {}

    def __len__(self) -> int:
        return len(self._cookies)

    def store(self, target: Target, lines: Sequence[str]) -> None:
        """Take the cookies of a response from a target: the values of its Set-Cookie headers."""
        for line in lines:
            cookie = set_cookie(line, target)
            if cookie is not None and not self._is_protected(cookie, target):
                self._put(cookie)

    def header(self, target: Target) -> str:
        """Return the Cookie header for a request to a target, or an empty string."""
        if not self._cookies:
            return ""
        those = [each for each in self._cookies.values() if each.matches(target)]
        # Longer paths come first, then earlier cookies (section 5.8.3).
        those.sort(key=lambda each: -len(each.path))
        pairs, left = [], MAX_HEADER
        for each in those:
            left -= len(each.pair) + 2
            if left < 0:
                break
            pairs.append(each.pair)
        return "; ".join(pairs)

    def _put(self, cookie: Cookie) -> None:
        key = (cookie.name, cookie.domain, cookie.is_for_host, cookie.path)
        if cookie.is_expired:
            self._cookies.pop(key, None)
            return
        # A renewed cookie keeps its place in the order.
        self._cookies[key] = cookie
        if len(self._cookies) > MAX_COOKIES:
            oldest = next(iter(self._cookies))
            open_ones = (each for each, kept in self._cookies.items() if not kept.is_secure)
            del self._cookies[next(open_ones, oldest)]

    def _is_protected(self, new: Cookie, target: Target) -> bool:
        """Whether a response over http would overlay a cookie for https (section 5.7, step 16)."""
        return target.scheme != "https" and any(
            each.is_secure and each.name == new.name and new.overlays(each)
            for each in self._cookies.values()
        )
