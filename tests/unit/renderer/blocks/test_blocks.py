"""Lists, headings, tables and code as people write them, in both flavours, as GitHub reads them."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.options import Options
from splitflap_renderer.render import render

pytestmark = pytest.mark.parametrize("flavour", FLAVOURS)


def html_of(text: str, flavour: Flavour) -> str:
    """The HTML without white space between its elements, and without marks and most attributes."""
    html = render(text, flavour).html
    html = re.sub(r' (?:rel|dir|id)="[^"]*"|</?span[^>]*>', "", html)
    return re.sub(r"\s*\n\s*", "", html)


LISTS = {
    "a year": ("1986. What a year!", '<ol start="1986"><li>What a year!</li></ol>'),
    "a number after a paragraph": ("a\n3. c", "<p>a3. c</p>"),
    "a list that begins at 3": ("3. c\n4. d", '<ol start="3"><li>c</li><li>d</li></ol>'),
    "zero": ("0. a", '<ol start="0"><li>a</li></ol>'),
    "a bracket after the number": ("2) a", '<ol start="2"><li>a</li></ol>'),
    "a version": ("3.11 is out", "<p>3.11 is out</p>"),
    "numbers, then bullets": (
        "1. a\n2. b\n\n- x",
        "<ol><li>a</li><li>b</li></ol><ul><li>x</li></ul>",
    ),
    "other bullets": ("- a\n* b", "<ul><li>a</li></ul><ul><li>b</li></ul>"),
    "a list right after a line": ("Todo:\n- a\n- b", "<p>Todo:</p><ul><li>a</li><li>b</li></ul>"),
    "nesting by two spaces": (
        "- a\n  - b\n    - c\n- d",
        "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>",
    ),
    "bullets below a number": (
        "1. a\n   - b\n2. c",
        "<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>",
    ),
    "paragraphs of an item": ("- a\n\n  b", "<ul><li><p>a</p><p>b</p></li></ul>"),
    "a line that goes on": ("- a\nb", "<ul><li>ab</li></ul>"),
    "a sum": ("+1 from me", "<p>+1 from me</p>"),
    "a dash": ("-- a", "<p>-- a</p>"),
    "a task": (
        "- [x] a",
        '<ul><li class="task-list-item"><input checked="" disabled="" type="checkbox"> a</li></ul>',
    ),
    "a task with paragraphs": (
        "- [ ] a\n\n  b",
        (
            '<ul><li class="task-list-item"><p>'
            '<input disabled="" type="checkbox"> a</p><p>b</p></li></ul>'
        ),
    ),
    "a list in a quote": ("> a\n> - b", "<blockquote><p>a</p><ul><li>b</li></ul></blockquote>"),
}

HEADINGS = {
    "a number": ("#1 rule", "<p>#1 rule</p>"),
    "a shebang": ("#!/bin/bash", "<p>#!/bin/bash</p>"),
    "a tag": ("#general is down", "<p>#general is down</p>"),
    "a sign at the end": ("# I like C#", "<h1>I like C#</h1>"),
    "signs at the end": ("## a ##", "<h2>a</h2>"),
    "seven signs": ("####### a", "<p>####### a</p>"),
    "an underline": ("a\n===", "<h1>a</h1>"),
    "a rule": ("a\n\n---\nb", "<p>a</p><hr><p>b</p>"),
}

_TABLE = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"

TABLES = {
    "right after a line": ("x\n| a |\n|---|\n| 1 |", f"<p>x</p>{_TABLE}"),
    "in an item": ("- x\n  | a |\n  |---|\n  | 1 |", f"<ul><li>x{_TABLE}</li></ul>"),
    "in a quote": ("> | a |\n> |---|\n> | 1 |", f"<blockquote>{_TABLE}</blockquote>"),
    "with a bar in code": (
        "| a |\n|---|\n| `1\\|2` |",
        _TABLE.replace("1", "<code>1|2</code>"),
    ),
}


def block(code: str, language: str = "") -> str:
    """The HTML of a block of code, as `html_of` writes it."""
    label = f' data-language="{language}"' if language else ""
    return f'<div class="highlight"{label}><pre><code>{code}</code></pre></div>'


FENCES = {
    "right after a line": ("x\n```\ny\n```\nz", f"<p>x</p>{block('y')}<p>z</p>"),
    "in an item": ("- x\n  ```\n  y\n  ```", f"<ul><li>x{block('y')}</li></ul>"),
    "in an item, after a blank line": (
        "1. x\n\n   ```\n   y\n   ```\n2. z",
        f"<ol><li><p>x</p>{block('y')}</li><li><p>z</p></li></ol>",
    ),
    "in a quote": ("> ```\n> y\n> ```", f"<blockquote>{block('y')}</blockquote>"),
    "unclosed": ("```\ny", block("y")),
    "around a fence": ("````md\n```\ny\n```\n````", block("```y```", "markdown")),
    "of tildes": ("~~~\ny\n~~~", block("y")),
    "with code after the backticks": ("```npm install\nnpm run```", block("npm installnpm run```")),
    "with words that are no language": ("```SELECT a b\nFROM c\n```", block("SELECT a bFROM c")),
    "in one line": ("```y```", "<p><code>y</code></p>"),
    "with blank lines at its end": ("```\ny\n\n```", block("y")),
    **{
        f"with the words {info!r}": (f"```{info}\ny\n```", block("y", language))
        for info, language in {
            "rust,ignore": "rust",
            "python:app.py": "python",
            "sh session": "bash",
            "JSON": "json",
            "{.python}": "python",
            " js": "javascript",
            'ts title="a.ts"': "typescript",
            "c++": "cpp",
            "mermaid": "mermaid",
            "math": "math",
            "nonesuch": "",
        }.items()
    },
}

ALL = {
    f"{kind}: {name}": case
    for kind, cases in {
        "list": LISTS,
        "heading": HEADINGS,
        "table": TABLES,
        "fence": FENCES,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize(("text", "wanted"), ALL.values(), ids=ALL)
def test_a_block_is_read_as_github_reads_it(text: str, wanted: str, flavour: Flavour) -> None:
    """Both flavours have the same blocks."""
    assert html_of(text, flavour) == wanted


def test_a_channel_at_the_beginning_of_a_line_is_found(flavour: Flavour) -> None:
    """A heading needs a space."""
    result = render("#general is down", flavour, Options(channel_url="/c/{name}"))
    assert result.channels == ["general"]
    assert 'href="/c/general"' in result.html


def test_blank_lines_of_code_stay(flavour: Flavour) -> None:
    """Within and at the end."""
    assert "<code>a\n\n\nb\n\n</code>" in render("```\na\n\n\nb\n\n```", flavour).html


@pytest.mark.parametrize("count", [15, 41, 100])
def test_deeply_nested_blocks_lose_no_text(count: int, flavour: Flavour) -> None:
    """The library leaves out text below 20 levels. Markers below 40 levels stay text."""
    for text in (
        "> " * count + "word",
        "- " * count + "word",
        "\n".join("  " * depth + f"- w{depth}" for depth in range(count)) + " word",
        "[^1]\n\n" + "[^1]: > " * count + "word",
    ):
        assert "word" in render(text, flavour).html


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[^1]: word", id="without a reference"),
        pytest.param("[^1]\n\n[^1]: word\n\n[^1]: last", id="defined twice"),
        pytest.param("[^1]\n\n[^1]: a\n\n    [^2]: word\n\n    b", id="in a footnote"),
        pytest.param("> [^1]: word\n> word\n\n[^1]", id="in a quote"),
        pytest.param("[^1]\n\n[^1]:\n    - a\n    - word", id="with a list"),
    ],
)
def test_no_footnote_is_lost(text: str, flavour: Flavour) -> None:
    """One without a reference is shown where it stands, or among the others."""
    assert "word" in render(text, flavour).html
