"""Mends references to URLs with a common mistake in the place of the host."""

import re
from urllib.parse import urlsplit

#: A scheme with the wrong number of slashes. Browsers read `https:/host` and `https:host` as
#: `https://host`, unless the page has the same scheme.
_SLASHES = re.compile(r"(?i)(https?):(/?(?!/)|///+)(?=[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/:?#]|\Z))")
#: A scheme without its colon, or with two.
_COLON = re.compile(r"(?i)(https?)(?:::)?//(?=[^/])")
#: An absolute URL after the site's own, or after a scheme.
_TWICE = re.compile(r"(?i)(?:https?:)?//(?:[a-z0-9.-]{0,253}?:?)(?=https?:/?/)")
_HOST = re.compile(r"(?i)((?:[a-z0-9-]{1,63}\.){1,8}([a-z]{2,24}))(?::\d{1,5})?(?=[/?#]|\Z)")

#: Top-level domains that are no suffix of a file or folder.
_GENERIC = frozenset({"com", "org", "net", "edu", "gov"})


def mended(reference: str, base: str) -> str:
    """Return a reference as its author meant it. `base` is the URL of its page.

    It mends slashes and colons after the scheme, two URLs in one, a missing scheme, and `&amp;`.
    """
    # A query that is escaped twice.
    reference = reference.replace("&amp;", "&")
    if not reference or (reference[0] in "/.?#" and not reference.startswith("//http")):
        return reference
    if twice := _TWICE.match(reference):
        reference = reference[twice.end() :]
    for wrong in (_COLON, _SLASHES):
        if found := wrong.match(reference):
            return f"{found[1]}://{reference[found.end() :]}"
    if reference.startswith(("https://", "http://")):
        return reference
    host = _HOST.match(reference)
    return f"https://{reference}" if host and _is_host(host[1], host[2], base) else reference


def _is_host(name: str, suffix: str, base: str) -> bool:
    """Whether the first segment of a reference is a host: of the page's site, or a common one."""
    here = (urlsplit(base).hostname or "").lower().split(".")
    labels = name.lower().split(".")
    return labels[0] == "www" or labels[-2:] == here[-2:] or suffix.lower() in _GENERIC
