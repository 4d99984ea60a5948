"""The CPUs and the memory that this process may use, by its cgroup's limits and its affinity.

`os.cpu_count` counts the machine's CPUs; a container may use only a fraction of them.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

#: Mount points of the cpu controller of cgroups v1, below the cgroup file system.
V1_MOUNTS = ("cpu", "cpu,cpuacct")

#: MiB of a container's memory for the parent and the fork server.
PARENT_MIB = 128

#: Smallest address space in MiB for a rendering process to start and render common texts.
MIN_MIB = 256

#: Cgroups v1 write a number of about 2**63 bytes for no limit.
_NO_LIMIT = 1 << 60


def usable_cpus(root: Path = Path("/"), affinity: int | None = None) -> int:
    """The CPU limit rounded up, at most the CPUs of the affinity, at least 1.

    `root` is the mount point of proc and sys. `affinity` is the system's if None.
    """
    allowed = affinity if affinity is not None else len(os.sched_getaffinity(0))
    limit = cpu_limit(root)
    return max(1, allowed if limit is None else min(allowed, math.ceil(limit)))


def memory_mib(wanted: int, processes: int, root: Path = Path("/")) -> int:
    """MiB for each process: `wanted`, or an equal share of the container's memory if smaller.

    So a text that takes too much memory fails in its process, before the kernel kills the whole
    container. The result is at least MIN_MIB.
    """
    limit = memory_limit(root)
    if limit is None:
        return wanted
    share = int(limit / 2**20 - PARENT_MIB) // processes
    return min(wanted, max(MIN_MIB, share))


def memory_limit(root: Path) -> float | None:
    """The lowest memory limit (bytes) of the cgroup and its parents; None without a limit."""
    cgroups = root / "sys/fs/cgroup"
    files = [folder / "memory.max" for folder in _folders(cgroups, _own_cgroup(root, ""))]
    own = _own_cgroup(root, "memory")
    files += [folder / "memory.limit_in_bytes" for folder in _folders(cgroups / "memory", own)]
    limits = [_ratio(_read(file), "1") for file in files]
    return min((limit for limit in limits if limit and limit < _NO_LIMIT), default=None)


def cpu_limit(root: Path) -> float | None:
    """The lowest CPU limit of the cgroup and its parents; None without a limit."""
    cgroups = root / "sys/fs/cgroup"
    limits = [_v2_limit(folder) for folder in _folders(cgroups, _own_cgroup(root, ""))]
    for mount in V1_MOUNTS:
        own = _own_cgroup(root, "cpu")
        limits += [_v1_limit(folder) for folder in _folders(cgroups / mount, own)]
    return min((limit for limit in limits if limit), default=None)


def _own_cgroup(root: Path, controller: str) -> PurePosixPath:
    """The path in proc/self/cgroup. The line of v2 has an empty list of controllers."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            return PurePosixPath(path)
    return PurePosixPath("/")


def _folders(mount: Path, own: PurePosixPath) -> Iterator[Path]:
    """The folders of the cgroup and its parents, up to the mount. A container hides some."""
    for path in (own, *own.parents):
        yield mount / str(path).lstrip("/")


def _v2_limit(folder: Path) -> float | None:
    """cpu.max has "quota period" in microseconds, or "max period"."""
    quota, _, period = _read(folder / "cpu.max").partition(" ")
    return _ratio(quota, period)


def _v1_limit(folder: Path) -> float | None:
    """Quota and period in microseconds; a quota of -1 means no limit."""
    return _ratio(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    try:
        limit = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return limit if limit > 0 else None


def _read(path: Path) -> str:
    """The file's text; empty if reading fails."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
