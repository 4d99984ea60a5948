"""The renderer's settings."""

from typing import Annotated

from msgspec import Meta
from splitflap_core.settings import PREFIX, BadSettings, CommonSettings
from splitflap_core.urls.image_proxy import (
    URL_TEMPLATE,
    ImageProxyKey,
    ImageProxyUrl,
    image_proxy,
)

from splitflap_renderer.options import Options

#: A group of `group_mentions`.
_GROUP = r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}(/\*)?"

#: The part of a text's deadline for highlighting all of its code.
HIGHLIGHT_PART = 0.25


class RendererSettings(CommonSettings, frozen=True, kw_only=True):
    """The settings of the renderer."""

    processes: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            description="Number of rendering processes. 0: the container's CPU limit, rounded up; "
            "without a limit, the CPUs of the process's affinity. One more renders express texts "
            "only.",
        ),
    ] = 0
    render_deadline: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="Most CPU seconds for one text. Then its process is killed and the text "
            "fails. A quarter of them is for highlighting code, which then stays plain. A process "
            "that gets less than a fiftieth of a CPU for five times as many seconds is killed too, "
            "and its text is retried.",
        ),
    ] = 2.0
    render_memory_mib: Annotated[
        int,
        Meta(
            ge=128,
            le=65536,
            description="Address space of one rendering process, in MiB. A text that needs more "
            "fails. A process gets an equal share of the container's memory if that is less.",
        ),
    ] = 512
    texts_per_batch: Annotated[
        int,
        Meta(ge=1, le=64, description="Most texts that a process gets at a time."),
    ] = 16
    child_texts: Annotated[
        int,
        Meta(ge=1, description="Texts after which a new process replaces a rendering process."),
    ] = 10_000
    mention_url: Annotated[
        Annotated[str, Meta(pattern=URL_TEMPLATE)] | None,
        Meta(
            description="URL of an account's page with `{name}`, such as "
            "`https://chat.example/people/{name}` or `/people/{name}`. `@name` becomes a link to "
            "it. Unset: `@name` stays text. `mentions` lists it in both cases.",
        ),
    ] = None
    channel_url: Annotated[
        Annotated[str, Meta(pattern=URL_TEMPLATE)] | None,
        Meta(
            description="URL of a channel's page with `{name}`. `#name` becomes a link to it. "
            "Unset: `#name` stays text. `channels` lists it in both cases.",
        ),
    ] = None
    group_mentions: Annotated[
        str,
        Meta(
            pattern=rf"^({_GROUP}(,{_GROUP})*)?\Z",
            max_length=1_000,
            description="Names of groups, separated by commas, such as `all,here,dev/*`. "
            "`dev/*` stands for all teams `@dev/name`. A group gets the class `group-mention` and "
            "no link; `mentions` lists it.",
        ),
    ] = ""
    image_proxy_url: ImageProxyUrl = None
    image_proxy_key: ImageProxyKey = ""
    heading_prefix: Annotated[
        str,
        Meta(
            pattern=r"^[a-z][a-z0-9]{0,30}(-[a-z0-9]{1,30}){0,3}-\Z",
            description="Prefix of the ids of headings. It separates them from the page's own ids.",
        ),
    ] = "user-content-"

    def check(self) -> None:
        """Raises BadSettings for a template without its placeholder."""
        super().check()
        for name, template in (
            ("MENTION_URL", self.mention_url),
            ("CHANNEL_URL", self.channel_url),
        ):
            if template is not None and "{name}" not in template:
                raise BadSettings(f"{PREFIX}{name}: expected a URL with {{name}} in it")
        image_proxy(self.image_proxy_url, self.image_proxy_key)

    @property
    def options(self) -> Options:
        """The options for the rendering processes."""
        return Options(
            mention_url=self.mention_url,
            channel_url=self.channel_url,
            image_proxy_url=self.image_proxy_url,
            image_proxy_key=self.image_proxy_key,
            heading_prefix=self.heading_prefix,
            highlight_seconds=HIGHLIGHT_PART * self.render_deadline,
            group_mentions=tuple(filter(None, self.group_mentions.split(","))),
        )
