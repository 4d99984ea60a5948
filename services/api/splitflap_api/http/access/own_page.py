"""Whether a request comes from the page of this service, and from no other site.

A browser sends cookies by itself, so a cookie alone does not show that the page made the request.
SameSite=Strict keeps it from other sites; a page on another port or a sibling host is the same
site. Two checks find those:

- A request that changes something needs the header `Splitflap-Page`. A form cannot send it, and a
  script of another origin only after a preflight, which never allows it.
- `Sec-Fetch-Site` and `Origin`, which no script can set, must name the own origin.
"""

from flask import request

from splitflap_api.contract.access.credentials import scheme_of
from splitflap_api.contract.headers import PAGE
from splitflap_api.contract.problems import Problem

#: Methods of requests that change nothing.
_SAFE = ("GET", "HEAD")

#: Values of Sec-Fetch-Site: the page itself, and an address that a person has entered.
_OWN_SITES = ("same-origin", "none")

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def check_own_page() -> None:
    """Refuse the present request unless the own page may have made it.

    Raises:
        Problem: not-own-page.
    """
    if request.method not in _SAFE and request.headers.get(PAGE.name) != "1":
        raise Problem("not-own-page", f"expected {PAGE.name}: 1")
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in _OWN_SITES:
        raise Problem("not-own-page", f"Sec-Fetch-Site: expected same-origin, got {site[:40]}")
    origin = request.headers.get("Origin")
    if origin is not None and origin != (own := _own_origin()):
        raise Problem("not-own-page", f"Origin: expected {own}, got {origin[:200]}")


def _own_origin() -> str:
    """The origin of the request's address, as browsers write it (RFC 6454, section 6.2)."""
    scheme = scheme_of(request.environ)
    host = request.environ.get("HTTP_HOST", "").lower()
    return f"{scheme}://{host.removesuffix(_DEFAULT_PORTS.get(scheme, ''))}"
