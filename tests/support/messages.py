"""The files of the embedded broker."""

import os
from pathlib import Path


def message_files(broker: Path, queue: str) -> list[Path]:
    """The messages of a queue, ready or held by a session. Sessions may end meanwhile."""
    return [
        Path(folder) / name
        for folder, _, names in os.walk(broker)
        for name in names
        if Path(folder).name == queue and not name.startswith(".")
    ]
