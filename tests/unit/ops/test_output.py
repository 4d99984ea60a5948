"""Output of the commands, and the prefixes of the launcher's lines."""

import ast
import io
import json
import re
from pathlib import Path

import click
import pytest
import splitflap
from click.testing import CliRunner
from splitflap.errors import CommandError, SafeGroup
from splitflap.output import (
    LINE_EVERY,
    PrefixPrinter,
    Progress,
    duration,
    echo,
    print_json,
    print_table,
    printable,
)

#: Characters that could mislead a reader: cursor, direction, invisible, line ends, unpaired halves.
MISLEADING = {
    "escape": "\x1b[2J",
    "carriage return": "\r",
    "backspace": "\b",
    "delete": "\x7f",
    "C1 control": "\x9b2J",
    "right-to-left override": "\u202e",
    "left-to-right mark": "\u200e",
    "Arabic letter mark": "\u061c",
    "first strong isolate": "\u2068",
    "zero-width space": "\u200b",
    "byte order mark": "\ufeff",
    "soft hyphen": "\xad",
    "line separator": "\u2028",
    "tag": "\U000e0041",
    "private use": "\ue000",
    "half a surrogate": "\ud800",
}
misleading = pytest.mark.parametrize("text", MISLEADING.values(), ids=MISLEADING)


def test_progress_off_a_terminal_begins_after_a_while(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to say at its start."""
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    progress = Progress(lambda: "7 posts")
    progress.show()
    assert capsys.readouterr().err == ""
    now += LINE_EVERY
    progress.show()
    progress.show()
    assert capsys.readouterr().err.split() == ["10", "s", "7", "posts"]


def printed(call: "object") -> str:
    """The standard output of a call in a command."""
    result = CliRunner().invoke(click.Command("c", callback=call))  # type: ignore[arg-type]
    assert result.exception is None, result.exception
    return result.stdout


def is_safe(text: str) -> bool:
    """Whether all is printable but line ends."""
    return text.replace("\n", "").isprintable()


@misleading
def test_misleading_characters_are_escaped_everywhere(text: str) -> None:
    """In lines, tables and JSON, in errors, and in the lines of services."""
    name = f"alice{text}evil"
    stream = io.StringIO()
    PrefixPrinter(["api"], stream).show("api", [name.encode("utf-8", "surrogatepass")])
    outputs = [
        printable(name),
        stream.getvalue(),
        printed(lambda: echo(name)),
        printed(lambda: print_table(["name"], [[name]])),
        printed(lambda: print_json({name: [name]})),
    ]
    assert all(is_safe(each) for each in outputs), outputs
    assert json.loads(outputs[-1]) == {name: [name]}


@misleading
def test_an_error_of_a_command_is_escaped(text: str) -> None:
    """Also click's own errors, such as that of a file's name."""

    @click.group(cls=SafeGroup)
    def group() -> None:
        pass

    @group.command
    @click.argument("number", type=int)
    def count(number: int) -> None:
        raise CommandError(f"{text} {number}")

    for argument in ("1", f"one{text}"):
        result = CliRunner().invoke(group, ["count", argument])
        assert result.exit_code in {1, 2}
        assert is_safe(result.stderr), result.stderr


@pytest.mark.parametrize("text", ["Grüße", "日本語 テスト", "a\u00a0b", "\u3000", "🎉", "é"])
def test_readable_text_stays(text: str) -> None:
    """Letters of all scripts, emoji, combining marks and wide spaces."""
    assert printable(text) == text
    assert text in printed(lambda: print_json([text]))


def test_a_line_of_json_stays_json() -> None:
    """Control characters of a log line get JSON's escapes; a tab between columns stays."""
    stream = io.StringIO()
    PrefixPrinter(["api"], stream).show("api", ['{"text":"\x7f\u202e"}'.encode(), b"a\tb"])
    first, second = stream.getvalue().splitlines()
    assert json.loads(first) == {"text": "\x7f\u202e"}
    assert second == "a\tb"


def test_every_command_prints_through_one_module() -> None:
    """Other ways to a terminal have no escapes. Allowed: errors.py, which output.py escapes."""
    root = Path(splitflap.__path__[0])
    raw = {
        f"{path.relative_to(root)}:{node.lineno}"
        for path in root.rglob("*.py")
        if path.name not in {"output.py", "errors.py"}
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"click.echo", "click.secho", "print", "sys.stderr.write"}
    }
    assert raw == set()


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_line_on_a_terminal_has_time_and_name() -> None:
    """The prefix is coloured, and as wide as the longest name."""
    stream = Terminal()
    printer = PrefixPrinter(["api", "renderer"], stream)
    printer.show("api", [b"one", b"", b"\xff"])
    printer.say("stopping")
    prefix = r"\x1b\[36m\d\d:\d\d:\d\d api       \| \x1b\[0m"
    first, second, third, own = stream.getvalue().splitlines()
    assert re.fullmatch(f"{prefix}one", first)
    assert re.fullmatch(prefix, second)
    assert re.fullmatch(f"{prefix}\ufffd", third)
    assert re.fullmatch(r"\d\d:\d\d:\d\d splitflap \| stopping", own)


def test_a_line_in_a_file_stays_as_it_is() -> None:
    """Only the launcher's own lines name their program."""
    stream = io.StringIO()
    printer = PrefixPrinter(["api"], stream)
    printer.show("api", [b'{"level":"INFO"}'])
    printer.say("stopping")
    assert stream.getvalue() == '{"level":"INFO"}\nsplitflap: stopping\n'


def test_a_duration_has_the_largest_unit_that_fits() -> None:
    """A duration has the largest unit that fits."""
    assert [duration(each) for each in (0.04, 59.96, 90, 5400, 200_000)] == [
        "0.0 s",
        "60.0 s",
        "1.5 min",
        "1.5 h",
        "2.3 d",
    ]
