"""URLs from the operator's templates: of accounts, channels and proxied images."""

import hmac
from urllib.parse import quote

from splitflap_renderer.options import Options


def page_of(template: str, name: str) -> str:
    """The page of an account or a channel."""
    return template.replace("{name}", quote(name, safe=""))


def proxied(options: Options, url: str) -> str:
    """The URL of an image at the proxy, or its own URL without a proxy.

    `{digest}` is the HMAC-SHA-1 of the URL under the key, in hexadecimal, as camo checks it
    (https://github.com/atmos/camo, section "URL Formats"); `{hex}` is the URL in hexadecimal.
    """
    template = options.image_proxy_url
    if template is None:
        return url
    data = url.encode()
    digest = hmac.new(options.image_proxy_key.encode(), data, "sha1").hexdigest()
    # The URL is replaced last: it may have braces of its own.
    return (
        template.replace("{digest}", digest)
        .replace("{hex}", data.hex())
        .replace("{url}", quote(url, safe=""))
    )
