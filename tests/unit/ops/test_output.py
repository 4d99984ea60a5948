"""Output of the commands, and the prefixes of the launcher's lines."""

import io
import re

from splitflap.output import PrefixPrinter, duration


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
