"""After each hostile text, the pool goes on: by the same process, or by its successor."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from mdit_py_plugins.gfm_autolink import index
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_core.outcomes import Done, Failed, RetryLater
from splitflap_renderer.markdown.checks import Refused, check
from splitflap_renderer.options import Options
from splitflap_renderer.process.pool import TRY_AGAIN_AFTER
from splitflap_renderer.render import render

from .conftest import Rig
from .hostile import HOSTILE

#: Seconds that a normal text may take after a hostile one, here. It is to be a tenth of a second
#: on a quiet machine: `python -m benchmarks.hostile` measures that.
LIVELY = 10.0

#: Seconds a text may take here, so that those that use it up do not take long together.
DEADLINE = 0.15


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_goes_on_after_each(flavour: Flavour, make_rig: Callable[..., Rig]) -> None:
    """Each ends as done, or fails with a reason and what was wrong; the next text is rendered."""
    assert len(HOSTILE) >= 60
    rig = make_rig(render_deadline=DEADLINE, texts_per_batch=1)
    rig.submit("warm", "hi")
    rig.html("warm")
    for name, text in HOSTILE.items():
        rig.submit(name, text, flavour)
        outcome = rig.outcome(name)
        begin = time.monotonic()
        rig.submit(f"after {name}", "*hi*", flavour)
        html = rig.html(f"after {name}")
        assert html.strip() == "<p><em>hi</em></p>", name
        assert time.monotonic() - begin < LIVELY, name
        # A busy machine may give a process too little CPU; then its text is tried again.
        if not isinstance(outcome, Done) and outcome != RetryLater(TRY_AGAIN_AFTER, "deadline"):
            assert isinstance(outcome, Failed), (name, outcome)
            assert outcome.reason in {"refused", "deadline", "broken"}, name
            assert outcome.detail, name
    assert rig.replaced("crashed") == 0


def test_a_colon_alone_is_searched_for_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's rule searches all that stands before it: quadratic in a text of colons."""
    searched = []
    monkeypatch.setattr(index, "_protocol_rule", lambda state, _: searched.append(state.pending))
    render(":a:b" * 100 + " http://a.example", "gfm", Options())
    assert searched == [":b http"]
    render("mailto: " * 100, "gfm", Options())
    assert max(map(len, searched)) == len(" mailto")


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_what_is_refused_reaches_no_parser(flavour: Flavour, make_rig: Callable[..., Rig]) -> None:
    """A process refuses such a text by itself, and says what it was."""
    rig = make_rig()
    rig.submit("deep", ">" * 51 + "a", flavour)
    outcome = rig.outcome("deep")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "refused"
    assert outcome.detail == "line 1, column 1: quotes or lists nested more than 50 deep"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n\nb [[" + "[" * 200, "line 3, column 203: more than 200 `[` are open"),
        ("[a](" * 501, "line 1, column 2004: more than 500 `(` are open"),
        ("x <a\n\n" * 1001, "line 2001, column 3: more than 1000 `<` are open"),
        ("x <y " * 1001, "line 1, column 5003: more than 1000 `<` are open"),
        ("hi\n" + "> " * 51 + "a", "line 2, column 1: quotes or lists nested more than 50 deep"),
        (">" * 51 + "a", "line 1, column 1: quotes or lists nested more than 50 deep"),
        ("1. " * 51 + "a", "line 1, column 1: quotes or lists nested more than 50 deep"),
        (" " * 401 + "- a", "line 1, column 1: a list indented by more than 400 columns"),
        ("|a" * 101 + "\n" + "|-" * 101, "line 2, column 1: a table of more than 100 columns"),
        ("a\n" + ":" * 5_001, "line 2, column 1: more than 5000 `:` in a row"),
        ("[^1] " * 501, "line 1, column 2501: more than 500 footnote references"),
        ("[a]: /b\n" * 501, "line 501, column 1: more than 500 definitions"),
        ("\u00fc" * 32_769, "65538 bytes of UTF-8; at most 65536"),
    ],
)
def test_refusals_say_what_and_where(text: str, message: str) -> None:
    """So that its author can mend it."""
    with pytest.raises(Refused, match="^" + message.replace("(", r"\(").replace("[", r"\[")):
        check(text)


@pytest.mark.parametrize(
    "text",
    [
        "[a](https://x.example) " * 1000,
        "- [ ] todo\n" * 2000,
        "| a | b |\n|---|---|\n" + "| `x` | [y](z) |\n" * 2000,
        "if (a < b && c < d) { x[i] = f(y); }\n" * 200,
        "```\n" + "std::cout << a << b << 1;\n\n" * 1000 + "```",
        "[unclosed\n\n" * 500,
        "- " * 200,
        "* " * 200 + "*",
        "-" * 5000,
        "=" * 5000 + "\n" + "*" * 5000,
        ">" * 50 + " a",
        "[1]: https://x.example\n" * 100 + "[1] " * 300,
    ],
)
def test_what_people_write_is_not_refused(text: str) -> None:
    """Long lists, tables, code and rulers."""
    check(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_checks_are_quick_themselves(text: str) -> None:
    """None of their patterns looks at a text again and again (a hang here would be seen)."""
    begin = time.process_time()
    with suppress(Refused):
        check(text)
    assert time.process_time() - begin < 5


def distinct(count: int) -> str:
    """Elements that are left open, no two alike."""
    return "".join(f"<b x{number}>" for number in range(count))


def reopened(elements: str, blocks: int) -> str:
    """Elements that are left open, and blocks that each open all of them again."""
    return elements + "<p>a" * blocks


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    "text",
    [
        reopened(distinct(400), 7_500),
        reopened("".join(f"<I class={number}>" for number in range(1_000)), 5_000),
        reopened("<b><i><s><u><em><code><small><strong><tt><big><font>" * 3, 16_000),
        distinct(300) + "a\n\n" * 14_000,
        reopened("".join(f'<b title=">{number}">' for number in range(400)), 3_000),
        distinct(300) + "<table>" + "a<col>" * 2_000,
        distinct(300) + "<table>" + "a<tbody>" * 2_000,
        distinct(1_000) + "<hgroup>a</hgroup>" * 1_000,
    ],
)
def test_elements_that_are_never_closed(text: str, flavour: Flavour) -> None:
    """They are refused before the sanitiser opens them again in every block."""
    with pytest.raises(Refused, match="formatting elements in"):
        render(text, flavour)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_many_elements_that_are_closed(flavour: Flavour) -> None:
    """A long list of what is marked in many ways is a text like another."""
    text = "- **a** *b* `c` <b>d</b> <i>e</i>\n" * 1_900
    assert render(text, flavour).html.count("<li>") == 1_900


def test_a_large_table() -> None:
    """Is a text like another, however it is marked."""
    row = "| **name 3** *x* `c` | 12 | yes\n"
    text = "|a" * 20 + "|\n" + "|-" * 20 + "|\n" + row * 1_700
    assert render(text, "gfm").html.count("<tr>") == 1_701
