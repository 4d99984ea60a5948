"""What is rendered with here: everything that can be added is."""

from splitflap_renderer.options import Options

OPTIONS = Options(
    mention_url="/people/{name}",
    channel_url="/channels/{name}",
    image_proxy_url="/proxy?{hex}",
)
