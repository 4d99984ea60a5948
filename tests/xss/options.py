"""The options of these tests: all optional features are on."""

from splitflap_renderer.options import Options

OPTIONS = Options(
    mention_url="/people/{name}",
    channel_url="/channels/{name}",
    group_mentions=("all", "team/*"),
    image_proxy_url="/proxy?{hex}",
)
