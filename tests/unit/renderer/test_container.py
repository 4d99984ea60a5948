"""The number of processes and the memory of each follow the container's limits."""

from pathlib import Path

import pytest
from splitflap_renderer.process.container import memory_mib, usable_cpus


def write(root: Path, path: str, text: str) -> None:
    """Write a file of a fake proc or cgroup file system."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="ascii")


@pytest.mark.parametrize(
    ("cpu_max", "expected"),
    [("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("max 100000", 8), ("?", 8)],
)
def test_a_cpu_limit_of_cgroups_v2_is_rounded_up(
    tmp_path: Path, cpu_max: str, expected: int
) -> None:
    """Without a limit in cpu.max, the affinity decides."""
    write(tmp_path, "proc/self/cgroup", "0::/\n")
    write(tmp_path, "sys/fs/cgroup/cpu.max", cpu_max + "\n")
    assert usable_cpus(tmp_path, affinity=8) == expected


def test_a_cpu_limit_of_a_parent_cgroup_counts(tmp_path: Path) -> None:
    """The lowest limit on the way to the root applies."""
    write(tmp_path, "proc/self/cgroup", "0::/pod/container\n")
    write(tmp_path, "sys/fs/cgroup/pod/cpu.max", "300000 100000\n")
    write(tmp_path, "sys/fs/cgroup/pod/container/cpu.max", "max 100000\n")
    assert usable_cpus(tmp_path, affinity=8) == 3


@pytest.mark.parametrize(("quota", "expected"), [("250000", 3), ("-1", 8)])
@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_a_cpu_quota_of_cgroups_v1_is_rounded_up(
    tmp_path: Path, mount: str, quota: str, expected: int
) -> None:
    """Version 1 has quota and period in two files, and -1 for no limit."""
    write(tmp_path, "proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/docker/x\n0::/\n")
    write(tmp_path, f"sys/fs/cgroup/{mount}/cpu.cfs_quota_us", quota + "\n")
    write(tmp_path, f"sys/fs/cgroup/{mount}/cpu.cfs_period_us", "100000\n")
    assert usable_cpus(tmp_path, affinity=8) == expected


def test_the_affinity_bounds_the_cpu_limit(tmp_path: Path) -> None:
    """A process uses at most the CPUs of its affinity."""
    write(tmp_path, "proc/self/cgroup", "0::/\n")
    write(tmp_path, "sys/fs/cgroup/cpu.max", "1600000 100000\n")
    assert usable_cpus(tmp_path, affinity=4) == 4


def test_the_affinity_decides_without_cgroups(tmp_path: Path) -> None:
    """The proc and cgroup file systems are missing."""
    assert usable_cpus(tmp_path) >= 1


@pytest.mark.parametrize(
    ("limit", "processes", "expected"),
    [
        ("1073741824", 1, 512),  # the wanted memory
        ("1073741824", 2, 448),  # half of the memory beside the parent's
        ("536870912", 4, 256),  # the minimum of a process
        ("max", 4, 512),
        ("?", 4, 512),
    ],
)
def test_the_memory_limit_of_cgroups_v2_is_shared(
    tmp_path: Path, limit: str, processes: int, expected: int
) -> None:
    """The container's memory.max covers the parent and all processes."""
    write(tmp_path, "proc/self/cgroup", "0::/pod/container\n")
    write(tmp_path, "sys/fs/cgroup/pod/memory.max", limit + "\n")
    write(tmp_path, "sys/fs/cgroup/pod/container/memory.max", "max\n")
    assert memory_mib(512, processes, tmp_path) == expected


@pytest.mark.parametrize(("limit", "expected"), [("1073741824", 448), ("9223372036854771712", 512)])
def test_the_memory_limit_of_cgroups_v1_is_shared(
    tmp_path: Path, limit: str, expected: int
) -> None:
    """Version 1 has another file, and a number of about 2**63 for no limit."""
    write(tmp_path, "proc/self/cgroup", "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n")
    write(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", limit + "\n")
    assert memory_mib(512, 2, tmp_path) == expected
