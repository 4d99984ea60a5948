"""The fields of a preview."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metadata:
    """A page's words of itself. URLs are absolute, http or https, and of public hosts.

    `published_at` is RFC 3339 in UTC, `language` BCP 47, `canonical` the page's word for its own
    address. Sizes are in pixels.
    """

    title: str | None = None
    description: str | None = None
    image: str | None = None
    site_name: str | None = None
    author: str | None = None
    published_at: str | None = None
    language: str | None = None
    type: str | None = None
    icon: str | None = None
    canonical: str | None = None
    image_width: int | None = None
    image_height: int | None = None
