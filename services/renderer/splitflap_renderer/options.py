"""The part of the settings that rendering needs, as the rendering processes get it."""

import msgspec


class Options(msgspec.Struct, frozen=True):
    """The options of rendering. A URL template is None if its feature is off.

    `mention_url` and `channel_url` have `{name}`. `image_proxy_url` has `{url}` or `{hex}`, and
    optionally `{digest}`, computed with `image_proxy_key`. `heading_prefix` begins the id of every
    heading. `highlight_seconds` is the CPU time for the marks of all code in a text.
    `group_mentions` are names such as `all`, and `team/*` for the teams of `team`.
    """

    mention_url: str | None = None
    channel_url: str | None = None
    image_proxy_url: str | None = None
    image_proxy_key: str = ""
    heading_prefix: str = "user-content-"
    highlight_seconds: float = 0.5
    group_mentions: tuple[str, ...] = ()


#: All optional features are off.
DEFAULTS = Options()
