"""How many processes the CPU limit allows, and how much memory each."""

from pathlib import Path

import pytest
from splitflap_renderer.process.container import memory_mib, usable_cpus


def write(root: Path, path: str, text: str) -> None:
    """A file of a made-up proc or cgroup file system."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="ascii")


@pytest.mark.parametrize(
    ("cpu_max", "expected"),
    [("200000 100000", 2), ("150000 100000", 2), ("10000 100000", 1), ("max 100000", 8), ("?", 8)],
)
def test_v2_limit_is_rounded_up(tmp_path: Path, cpu_max: str, expected: int) -> None:
    """cpu.max of a container's own cgroup namespace decides; without a limit, the affinity."""
    write(tmp_path, "proc/self/cgroup", "0::/\n")
    write(tmp_path, "sys/fs/cgroup/cpu.max", cpu_max + "\n")
    assert usable_cpus(tmp_path, affinity=8) == expected


def test_v2_limit_of_a_parent_counts(tmp_path: Path) -> None:
    """The tightest limit on the way to the root is what the process gets."""
    write(tmp_path, "proc/self/cgroup", "0::/pod/container\n")
    write(tmp_path, "sys/fs/cgroup/pod/cpu.max", "300000 100000\n")
    write(tmp_path, "sys/fs/cgroup/pod/container/cpu.max", "max 100000\n")
    assert usable_cpus(tmp_path, affinity=8) == 3


@pytest.mark.parametrize(("quota", "expected"), [("250000", 3), ("-1", 8)])
@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_v1_quota(tmp_path: Path, mount: str, quota: str, expected: int) -> None:
    """Version 1 of cgroups has the two numbers in two files, and -1 for no limit."""
    write(tmp_path, "proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/docker/x\n0::/\n")
    write(tmp_path, f"sys/fs/cgroup/{mount}/cpu.cfs_quota_us", quota + "\n")
    write(tmp_path, f"sys/fs/cgroup/{mount}/cpu.cfs_period_us", "100000\n")
    assert usable_cpus(tmp_path, affinity=8) == expected


def test_affinity_bounds_the_limit(tmp_path: Path) -> None:
    """A quota of more CPUs than the process may run on buys no more of them."""
    write(tmp_path, "proc/self/cgroup", "0::/\n")
    write(tmp_path, "sys/fs/cgroup/cpu.max", "1600000 100000\n")
    assert usable_cpus(tmp_path, affinity=4) == 4


def test_without_cgroups_the_affinity_decides(tmp_path: Path) -> None:
    """No proc and no cgroup file system: what the system says of this process."""
    assert usable_cpus(tmp_path) >= 1


@pytest.mark.parametrize(
    ("limit", "processes", "expected"),
    [
        ("1073741824", 1, 512),  # what is wanted
        ("1073741824", 2, 448),  # half of what the parent leaves
        ("536870912", 4, 256),  # the least that a process starts with
        ("max", 4, 512),
        ("?", 4, 512),
    ],
)
def test_v2_memory_is_shared(tmp_path: Path, limit: str, processes: int, expected: int) -> None:
    """A container's memory.max is for the parent and all of its processes."""
    write(tmp_path, "proc/self/cgroup", "0::/pod/container\n")
    write(tmp_path, "sys/fs/cgroup/pod/memory.max", limit + "\n")
    write(tmp_path, "sys/fs/cgroup/pod/container/memory.max", "max\n")
    assert memory_mib(512, processes, tmp_path) == expected


@pytest.mark.parametrize(("limit", "expected"), [("1073741824", 448), ("9223372036854771712", 512)])
def test_v1_memory_is_shared(tmp_path: Path, limit: str, expected: int) -> None:
    """Version 1 has another file, and a very large number for no limit."""
    write(tmp_path, "proc/self/cgroup", "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n")
    write(tmp_path, "sys/fs/cgroup/memory/memory.limit_in_bytes", limit + "\n")
    assert memory_mib(512, 2, tmp_path) == expected
