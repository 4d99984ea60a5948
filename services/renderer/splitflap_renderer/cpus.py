"""How many CPUs this process may use: the cgroup's limit, else the affinity.

`os.cpu_count` counts the machine's CPUs, which a container may use a fraction of.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

#: Where v1's cpu controller is mounted below the cgroup file system.
V1_MOUNTS = ("cpu", "cpu,cpuacct")


def usable_cpus(root: Path = Path("/"), affinity: int | None = None) -> int:
    """The CPU limit rounded up, at most the CPUs of the affinity, at least 1.

    `root` is where proc and sys are mounted; `affinity` is asked of the system when None.
    """
    allowed = affinity if affinity is not None else len(os.sched_getaffinity(0))
    limit = cpu_limit(root)
    return max(1, allowed if limit is None else min(allowed, math.ceil(limit)))


def cpu_limit(root: Path) -> float | None:
    """The tightest limit (CPUs) of the own cgroup and those around it; None without one."""
    cgroups = root / "sys/fs/cgroup"
    limits = [_v2_limit(folder) for folder in _folders(cgroups, _own_cgroup(root, ""))]
    for mount in V1_MOUNTS:
        own = _own_cgroup(root, "cpu")
        limits += [_v1_limit(folder) for folder in _folders(cgroups / mount, own)]
    return min((limit for limit in limits if limit), default=None)


def _own_cgroup(root: Path, controller: str) -> PurePosixPath:
    """The path in proc/self/cgroup; v2's line has an empty list of controllers."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            return PurePosixPath(path)
    return PurePosixPath("/")


def _folders(mount: Path, own: PurePosixPath) -> Iterator[Path]:
    """The cgroup's folder and its parents' to the mount; in a container some are not visible."""
    for path in (own, *own.parents):
        yield mount / str(path).lstrip("/")


def _v2_limit(folder: Path) -> float | None:
    """cpu.max is "quota period" in microseconds, or "max period"."""
    quota, _, period = _read(folder / "cpu.max").partition(" ")
    return _ratio(quota, period)


def _v1_limit(folder: Path) -> float | None:
    """Quota and period in microseconds; a quota of -1 is none."""
    return _ratio(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    try:
        limit = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return limit if limit > 0 else None


def _read(path: Path) -> str:
    """The file's text; empty where it cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
