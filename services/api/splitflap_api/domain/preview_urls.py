"""The URLs of previews as clients get them."""

from functools import lru_cache

from splitflap_core.contracts import IMAGE_FIELDS
from splitflap_core.urls.addresses import PUBLIC_ONLY, AddressRules
from splitflap_core.urls.image_proxy import ImageProxy
from splitflap_core.urls.shown import shown_url
from splitflap_core.urls.web_url import BadUrl

#: Judged URLs that are kept: those of a few pages of posts.
MAX_KEPT = 2048


class PreviewUrls:
    """Judges the stored URLs of previews, and sends images through the operator's proxy.

    A row of an earlier release may have a URL that a browser must not open. The table has the
    images' own URLs, so a change of the settings takes effect at once (docs/adr/0025).
    """

    def __init__(self, rules: AddressRules = PUBLIC_ONLY, proxy: ImageProxy | None = None) -> None:
        self._rules = rules
        self._proxy = proxy
        self._kept = lru_cache(MAX_KEPT)(self._judged)

    def of(self, field: str, stored: str | None) -> str | None:
        """The URL for clients of a stored one, or None if a preview may not show it."""
        return None if stored is None else self._kept(stored, field in IMAGE_FIELDS)

    def _judged(self, stored: str, is_image: bool) -> str | None:
        try:
            url = shown_url(stored, self._rules)
        except BadUrl:
            return None
        return self._proxy.proxied(url) if self._proxy and is_image else url
