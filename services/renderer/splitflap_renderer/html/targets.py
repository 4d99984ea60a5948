"""The targets that a link and an image of a text may have.

Both flavours show a link with another target as written: people write `handlers[name](event)`, and
the sanitiser would remove the target. It decides here, too, so that it never removes one later.
"""

import html

import nh3

from splitflap_renderer.html.sanitiser import CONTROL, FRAGMENT, URL_SCHEMES

_HREF = " href="

_judge = nh3.Cleaner(
    tags={"a"},
    attributes={"a": {"href"}},
    url_schemes=URL_SCHEMES,
    url_relative="deny",
    link_rel=None,
)


def is_link_target(url: str) -> bool:
    """Whether it is a valid URL of an allowed scheme, or leads to a place within the text."""
    return bool(FRAGMENT.fullmatch(url)) or _is_valid(url)


def is_image_target(url: str) -> bool:
    """Whether it is a valid URL of a web page."""
    return url[:8].lower().startswith(("http://", "https://")) and _is_valid(url)


def _is_valid(url: str) -> bool:
    written = f'<a{_HREF}"{html.escape(url)}"></a>'
    return not CONTROL.search(url) and _HREF in _judge.clean(written)
