"""What an operator decides about rendering, as the processes get it. Settings are its source."""

import msgspec


class Options(msgspec.Struct, frozen=True):
    """URL templates are None where their feature is off.

    `mention_url` and `channel_url` hold `{name}`; `image_proxy_url` holds `{url}` or `{hex}`, and
    perhaps `{digest}`, which is made with `image_proxy_key`. `heading_prefix` begins the id of
    every heading.
    """

    mention_url: str | None = None
    channel_url: str | None = None
    image_proxy_url: str | None = None
    image_proxy_key: str = ""
    heading_prefix: str = "user-content-"


#: Everything optional is off.
DEFAULTS = Options()
