"""libfaketime: gives a process another clock (Debian: faketime)."""

from pathlib import Path

from .process import MissingBinary

#: The paths of the library on Debian and Fedora.
PATHS = (
    "/usr/lib/*/faketime/libfaketimeMT.so.1",
    "/usr/lib*/faketime/libfaketimeMT.so.1",
)

#: Its variables. An empty value counts as unset.
VARIABLES = ("FAKETIME", "LD_PRELOAD")


def library() -> str:
    """The path of the library.

    Raises:
        MissingBinary: it is not installed.
    """
    for pattern in PATHS:
        for path in Path("/").glob(pattern[1:]):
            return str(path)
    raise MissingBinary("libfaketime is not installed (Debian: faketime)")


def shifted(offset: str) -> dict[str, str]:
    """The environment of a process with a shifted clock: `+2h`, `-60s`; empty for the right one.

    The library shifts the monotonic clock too. A constant shift of that one has no effect; without
    the shift the library breaks clock_nanosleep.
    """
    if not offset:
        return dict.fromkeys(VARIABLES, "")
    return {"FAKETIME": offset, "LD_PRELOAD": library()}


def follows(file: Path) -> dict[str, str]:
    """The environment of a process whose clock follows the offset in a file.

    `+2h` is two hours ahead, `+0 x60` sixty times as fast. Python's sleeps break by it.
    """
    return {
        "LD_PRELOAD": library(),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
