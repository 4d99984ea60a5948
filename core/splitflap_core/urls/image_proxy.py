"""The operator's image proxy: browsers fetch images of posts and previews from it."""

import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from msgspec import Meta

from splitflap_core.settings import PREFIX, BadSettings

#: A template begins with http(s):// and a host, or with a path of the page's own site. A path must
#: begin with exactly one slash, so that it cannot name a host.
URL_TEMPLATE = r"^(https?://[^/{}\s]+|/[^/\\\s\"'<>])[^\s\"'<>]*\Z"

ImageProxyUrl = Annotated[
    Annotated[str, Meta(pattern=URL_TEMPLATE)] | None,
    Meta(
        description="URL of the image proxy, with `{url}` (percent-encoded) or `{hex}` "
        "(hexadecimal) for the image's URL, and optionally `{digest}` for its HMAC-SHA-1: for "
        "camo, `https://camo.example/{digest}/{hex}`. Unset: browsers fetch images from their own "
        "hosts. Give the API, for previews, and the renderer, for posts, the same value.",
    ),
]
ImageProxyKey = Annotated[str, Meta(description="Key of the HMAC for `{digest}`.")]


@dataclass(frozen=True, slots=True)
class ImageProxy:
    """Makes the proxy's URL of an image.

    `{digest}` is the HMAC-SHA-1 of the URL under the key, in hexadecimal, as camo checks it
    (https://github.com/atmos/camo, section "URL Formats"); `{hex}` is the URL in hexadecimal.
    """

    template: str
    key: str = ""

    def proxied(self, url: str) -> str:
        """The URL of an image at the proxy."""
        data = url.encode()
        digest = hmac.new(self.key.encode(), data, "sha1").hexdigest()
        # The URL is replaced last: it may have braces of its own.
        return (
            self.template.replace("{digest}", digest)
            .replace("{hex}", data.hex())
            .replace("{url}", quote(url, safe=""))
        )


def image_proxy(url: str | None, key: str) -> ImageProxy | None:
    """The proxy of these settings, or None without one.

    Raises:
        BadSettings: a placeholder or the key is missing.
    """
    if url is None:
        return None
    if "{url}" not in url and "{hex}" not in url:
        raise BadSettings(f"{PREFIX}IMAGE_PROXY_URL: expected a URL with {{url}} or {{hex}} in it")
    if "{digest}" in url and not key:
        raise BadSettings(f"{PREFIX}IMAGE_PROXY_KEY: expected a key for {{digest}}")
    return ImageProxy(url, key)
