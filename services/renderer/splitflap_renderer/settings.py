"""The renderer's settings."""

from typing import Annotated

from msgspec import Meta
from splitflap_core.settings import PREFIX, BadSettings, CommonSettings

from splitflap_renderer.options import Options

#: What a template may begin with: a place of the page's own site, or another site. A slash and a
#: character that is no slash, so that no host is hidden in it.
_TEMPLATE = r"^(https?://[^/{}\s]+|/[^/\\\s\"'<>])[^\s\"'<>]*\Z"


class RendererSettings(CommonSettings, frozen=True, kw_only=True):
    """What the renderer reads."""

    processes: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            description="Processes that render. 0: as many as the container's CPU limit, rounded "
            "up, or as the CPUs that this process may run on.",
        ),
    ] = 0
    render_deadline: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="CPU seconds that one text may take; then its process is killed and the "
            "text fails. After five times as long by the clock it is killed too, and the text is "
            "tried again.",
        ),
    ] = 2.0
    render_memory_mib: Annotated[
        int,
        Meta(
            ge=128,
            le=65536,
            description="Address space of one rendering process, in MiB; what needs more fails. "
            "Less where the container's memory, shared equally, gives less.",
        ),
    ] = 512
    texts_per_batch: Annotated[
        int,
        Meta(ge=1, le=64, description="Most texts that a process is handed at a time."),
    ] = 16
    child_texts: Annotated[
        int,
        Meta(ge=1, description="Texts after which a rendering process is replaced by a new one."),
    ] = 10_000
    mention_url: Annotated[
        Annotated[str, Meta(pattern=_TEMPLATE)] | None,
        Meta(
            description="Page of an account as a URL with `{name}`, such as "
            "`https://chat.example/people/{name}` or `/people/{name}`: `@name` becomes a link to "
            "it, and is listed in `mentions`. Unset: `@name` is text.",
        ),
    ] = None
    channel_url: Annotated[
        Annotated[str, Meta(pattern=_TEMPLATE)] | None,
        Meta(
            description="Page of a channel as a URL with `{name}`: `#name` becomes a link to it, "
            "and is listed in `channels`. Unset: `#name` is text.",
        ),
    ] = None
    image_proxy_url: Annotated[
        Annotated[str, Meta(pattern=_TEMPLATE)] | None,
        Meta(
            description="Where images are fetched from instead of their own hosts: a URL with "
            "`{url}` (percent-encoded) or `{hex}` (hexadecimal) for the image's URL and perhaps "
            "`{digest}` for its HMAC-SHA-1, such as camo's `https://camo.example/{digest}/{hex}`. "
            "Unset: readers fetch them from their hosts.",
        ),
    ] = None
    image_proxy_key: Annotated[str, Meta(description="Key of `{digest}` above.")] = ""
    heading_prefix: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9]{0,30}(-[a-z0-9]{1,30}){0,3}-\Z",
            description="Beginning of the ids of headings, which parts them from the page's own.",
        ),
    ] = "user-content-"

    def check(self) -> None:
        """Raises BadSettings for a template that lacks what it is for."""
        super().check()
        for name, template, holes in (
            ("MENTION_URL", self.mention_url, ("{name}",)),
            ("CHANNEL_URL", self.channel_url, ("{name}",)),
            ("IMAGE_PROXY_URL", self.image_proxy_url, ("{url}", "{hex}")),
        ):
            if template is not None and not any(hole in template for hole in holes):
                raise BadSettings(f"{PREFIX}{name}: expected a URL with {' or '.join(holes)} in it")
        if "{digest}" in (self.image_proxy_url or "") and not self.image_proxy_key:
            raise BadSettings(f"{PREFIX}IMAGE_PROXY_KEY: expected a key for {{digest}}")

    @property
    def options(self) -> Options:
        """What the rendering processes need to know."""
        return Options(
            mention_url=self.mention_url,
            channel_url=self.channel_url,
            image_proxy_url=self.image_proxy_url,
            image_proxy_key=self.image_proxy_key,
            heading_prefix=self.heading_prefix,
        )
