"""CPU and memory of processes, from /proc."""

import os
import resource
from contextlib import suppress
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


def cpu_seconds(pid: int) -> float:
    """User and system CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def cpu_seconds_with_ended_children(pid: int) -> float:
    """CPU seconds of a process and of its ended children; 0 if the process has ended."""
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        return sum(map(int, stat.rpartition(")")[2].split()[11:15])) / _TICKS_PER_SECOND
    return 0.0


def run_queue_seconds(pid: int) -> float:
    """Seconds that a process with one thread was ready to run and had no CPU."""
    with suppress(OSError):
        schedule = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii")
        return int(schedule.split()[1]) / 1e9
    return 0.0


def rss_kib(pid: int) -> int:
    """Resident memory of a process, in KiB."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_KIB


def pss_mib(pid: int) -> float:
    """Memory of a process in MiB, with its share of memory shared with other processes."""
    with suppress(OSError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        return int(rollup.partition("\nPss:")[2].split()[0]) / 1024
    return 0.0


def private_and_shared_mib(pid: int) -> tuple[float, float]:
    """Memory of a process in MiB: what no other process has, and what others have as well."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    sizes = dict(line.split()[:2] for line in rollup.splitlines()[1:])

    def mib(kind: str) -> float:
        return (int(sizes[f"{kind}_Clean:"]) + int(sizes[f"{kind}_Dirty:"])) / 1024

    return mib("Private"), mib("Shared")


def allow_many_files() -> None:
    """Raise the limit of open files, of this process and its children, to the maximum."""
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, highest))
