"""The README's first post: its commands give its output."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.support import wait_until
from tests.system.conftest import MakeStack
from tests.system.rig.stack import ADMIN, Stack

README = Path(__file__).parents[3] / "README.md"

#: A sample: the line of a command after `$ `, with its continuation lines, and the output.
SAMPLE = re.compile(r"^```\n\$ (.+?[^\\]\n)(.*?)^```$", re.MULTILINE | re.DOTALL)

#: What differs between two runs, and a name for it.
MASKS = {
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "ID",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z": "TIME",
    r"(?m)^Date: .*": "Date: NOW",
    r'"1-[0-9a-f]{8}"': "ETAG",
    r"(?m)^retry: \d+": "retry: N",
}


def samples() -> list[tuple[str, str]]:
    """The commands of the section and their output."""
    section = README.read_text(encoding="utf-8").partition("## A first post\n")[2]
    return SAMPLE.findall(section.partition("\n## ")[0])


def masked(output: str) -> str:
    """The output without what differs between two runs."""
    for pattern, name in MASKS.items():
        output = re.sub(pattern, name, output)
    return output.replace("\r\n", "\n").rstrip("\n")


@pytest.fixture
def stack(make_stack: MakeStack) -> Stack:
    """A stack without posts. The sample's post has no link, so no scraper is needed."""
    if which("curl") is None:
        message = "curl is missing: install it"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return make_stack("embedded", workers=("renderer",))


def lines_of(stack: Stack, command: str) -> Iterator[str]:
    """The lines that a command prints. The end of the iteration ends the command."""
    command = command.replace("http://127.0.0.1:8000", stack.url())
    environ = {"PATH": os.environ["PATH"], "KEY": ADMIN}
    with subprocess.Popen(
        ["sh", "-c", f"exec {command}"], env=environ, stdout=subprocess.PIPE, text=True
    ) as shell:
        assert shell.stdout
        try:
            yield from shell.stdout
        finally:
            shell.kill()


def first_lines(stack: Stack, command: str, count: int) -> str:
    """The first lines that a command prints: a stream has no last one."""
    lines = lines_of(stack, command)
    return "".join(line for line, _ in zip(lines, range(count), strict=False))


def test_the_samples_of_the_readme_are_the_output_of_their_commands(stack: Stack) -> None:
    """Ids and times differ, and nothing else does: no header, length or field."""
    (post, accepted), (poll, created), (stream, events) = samples()
    output = "".join(lines_of(stack, post))
    assert masked(output) == masked(accepted)
    shown, made = (re.findall("/v1/tasks/([0-9a-f-]+)", text)[0] for text in (accepted, output))
    assert shown in poll
    poll = poll.replace(shown, made)
    wait_until(lambda: " 202 " not in next(lines_of(stack, poll)), "the task has ended")
    assert masked("".join(lines_of(stack, poll))) == masked(created)
    seen = first_lines(stack, stream, len(events.splitlines()))
    assert masked(seen) == masked(events)
