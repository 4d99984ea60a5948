"""The renderer's settings."""

from typing import Annotated

from msgspec import Meta
from splitflap_core.settings import CommonSettings


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
            description="Seconds that one text may take; then its process is killed and the text "
            "fails.",
        ),
    ] = 2.0
    render_memory_mib: Annotated[
        int,
        Meta(
            ge=128,
            le=65536,
            description="Address space of one rendering process, in MiB; what needs more fails.",
        ),
    ] = 512
    texts_per_trip: Annotated[
        int,
        Meta(ge=1, le=64, description="Most texts that a process is handed at a time."),
    ] = 8
    child_texts: Annotated[
        int,
        Meta(ge=1, description="Texts after which a rendering process is replaced by a new one."),
    ] = 10_000
