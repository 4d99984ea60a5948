"""URLs from the operator's templates: of accounts, channels and proxied images."""

from urllib.parse import quote

from splitflap_core.urls.image_proxy import ImageProxy

from splitflap_renderer.options import Options


def page_of(template: str, name: str) -> str:
    """The page of an account or a channel."""
    return template.replace("{name}", quote(name, safe=""))


def proxied(options: Options, url: str) -> str:
    """The URL of an image at the proxy, or its own URL without a proxy."""
    if options.image_proxy_url is None:
        return url
    return ImageProxy(options.image_proxy_url, options.image_proxy_key).proxied(url)
