"""The fields of a preview."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metadata:
    """The fields of a preview, as far as the page gives them.

    Texts are plain text from strangers, so they must be escaped for display. URLs are absolute http
    or https URLs of public hosts. `published_at` is RFC 3339 in UTC, `language` is BCP 47, and
    `canonical` is the page's own address by its own word. Sizes are in pixels.
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
