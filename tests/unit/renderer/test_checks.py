"""The checks refuse texts that would only burn CPU, and are quick themselves."""

import time
from contextlib import suppress

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.markdown.checks import TextRefused, check
from splitflap_renderer.render import TooLarge

from tests.support.undirected import render

from .hostile import HOSTILE

#: Texts in which the lines after quotes cost most.
QUOTES = {name: text for name, text in HOSTILE.items() if "quotes" in name}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n\nb [[" + "[" * 200, "line 3, column 203: more than 200 `[` are open"),
        ("[a](" * 501, "line 1, column 2004: more than 500 `(` are open"),
        ("x <a\n\n" * 1001, "line 2001, column 3: more than 1000 `<` are open"),
        ("x <y " * 1001, "line 1, column 5003: more than 1000 `<` are open"),
        ("|a" * 101 + "\n" + "|-" * 101, "line 2, column 1: a table of more than 100 columns"),
        ("[^1] " * 501, "line 1, column 2501: more than 500 footnote references"),
        ("[a]: /b\n" * 501, "line 501, column 1: more than 500 definitions"),
        (
            "a\n\n" + "> # h\nb\n" * 900,
            "line 1801, column 1: too many lines for quotes of 1 levels; put blank lines",
        ),
        (
            ">" * 39 + "a\n" + "a\n" * 32_000,
            "line 1, column 1: too many lines for quotes of 39 levels; put blank lines",
        ),
        ("\u00fc" * 32_769, "the text has 65538 bytes of UTF-8; at most 65536 are allowed"),
    ],
)
def test_a_refusal_names_the_cause_and_its_position(text: str, message: str) -> None:
    """The author can then correct the text."""
    with pytest.raises(TextRefused, match="^" + message.replace("(", r"\(").replace("[", r"\[")):
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
        "> " * 51 + "a",
        "1. " * 51 + "a",
        " " * 401 + "- a",
        "* " * 200 + "*",
        "-" * 65_000,
        "=" * 5000 + "\n" + "*" * 5000,
        ">" * 50 + " a",
        "[1]: https://x.example\n" * 100 + "[1] " * 300,
    ],
)
def test_ordinary_texts_pass_the_checks(text: str) -> None:
    """Long lists, tables, code and rulers pass."""
    check(text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_checks_take_linear_time(text: str) -> None:
    """A pattern with quadratic time would exceed 5 s of CPU."""
    begin = time.process_time()
    with suppress(TextRefused):
        check(text)
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("text", QUOTES.values(), ids=QUOTES)
def test_quotes_are_refused_or_read_in_time(text: str, flavour: Flavour) -> None:
    """A parser reads lines without `>` for each quote and level. Some took 12 s of CPU."""
    begin = time.process_time()
    with suppress(TextRefused, TooLarge):
        render(text, flavour)
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    "text",
    [
        "> What do you think?\nI agree.\n" * 2_000,
        "> - a point of the list\n> - another one\n\nMy answer is longer.\n" * 800,
        "> > # Title\n> text\nanswer\n\n" * 1_500,
        "> # Title of a section\nAn answer of some words\n" * 500,
        "> > > > > a long discussion\n" + "and a line that continues it\n" * 2_000,
        "```pycon\n" + ">>> 1 + 1\n2\n" * 2_000 + "```",
        "~~~\n" + "> - # a\n```\n" * 2_000 + "~~~\n\n> a\nb",
    ],
    ids=[
        *("replies", "replies to lists", "replies to sections", "replies without blank lines"),
        *("a deep quote", "a session in Python", "a diff"),
    ],
)
def test_many_quotes_of_people_pass(text: str, flavour: Flavour) -> None:
    """Long replies, and code that looks like quotes, are rendered."""
    assert render(text, flavour).html


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_elements_that_differ_in_their_attributes_are_not_opened_again(flavour: Flavour) -> None:
    """An HTML parser opens formatting elements again in each block, but three equal ones at most.

    So a text must write no attribute that makes such elements different.
    """
    different = "".join(f"<b x={number}>" for number in range(400))
    text = f"<div><p>{different}{'<p>a' * 7_500}</p></div></b>"
    assert render(text, flavour).html.count("<b>") <= 400 + 3 * 7_500


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_formatting_elements_that_are_never_closed_are_bounded(flavour: Flavour) -> None:
    """Eight names are opened again three times each, until the HTML is too large."""
    text = "<div><p>" + "<b><i><s><u><em><code><small><strong>" * 3 + "<p>a" * 7_500 + "</b></div>"
    begin = time.process_time()
    with suppress(TooLarge):
        render(text, flavour)
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_many_closed_formatting_elements_pass(flavour: Flavour) -> None:
    """A long list with much formatting is rendered."""
    text = "- **a** *b* `c` <b>d</b> <i>e</i>\n" * 1_900
    assert render(text, flavour).html.count("<li>") == 1_900


def test_a_large_table_passes() -> None:
    """Its cells have formatting."""
    row = "| **name 3** *x* `c` | 12 | yes\n"
    text = "|a" * 20 + "|\n" + "|-" * 20 + "|\n" + row * 1_700
    assert render(text, "gfm").html.count("<tr>") == 1_701
