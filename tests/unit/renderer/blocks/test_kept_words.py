"""Words that CommonMark reads as syntax and does not show: posts keep them, in both flavours."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.render import render

pytestmark = pytest.mark.parametrize("flavour", FLAVOURS)


def text_of(text: str, flavour: Flavour) -> str:
    """The visible text of the HTML. The excerpt has the same words."""
    result = render(text, flavour, breaks=True)
    shown = re.sub("<[^>]*>", "", re.sub("</t[dh]>", " ", result.html))
    shown = " ".join(shown.replace("&quot;", '"').replace("&gt;", ">").split())
    assert result.excerpt == shown
    return shown


FIRST_LINES = [
    "python manage.py migrate",
    "sql SELECT 1;",
    'json {"a":1}',
    '{"a":1}',
    "rust fn main() {}",
    "go test ./...",
    "docker ps",
    "make test",
    "bash -c 'ls'",
    "text this is important",
    "npm install foo",
    "git push",
    "css {color: red}",
    "toml [tool.ruff]",
    "python x=1",
    "print(1);",
    "你好",
    "{go: 1}",
    "Error:",
    "yes.",
    "1.2.3",
    "x1 rust",
    "]](x",
    "https://example.com/app.py",
]


@pytest.mark.parametrize("fence", ["```", "~~~", "~~~~"])
@pytest.mark.parametrize("first", FIRST_LINES)
def test_code_on_the_line_of_a_fence_is_code(first: str, fence: str, flavour: Flavour) -> None:
    """With lines below it, alone, and unclosed."""
    assert text_of(f"{fence}{first}\nOK\n{fence}", flavour) == f"{first} OK"
    assert text_of(f"{fence} {first}\n{fence}", flavour) == first
    assert text_of(f"{fence}{first}", flavour) == first


@pytest.mark.parametrize("word", ["hello", "yes", "manage.pyc", "python app.py"])
def test_the_words_after_a_fence_are_the_code_of_an_empty_block(
    word: str, flavour: Flavour
) -> None:
    """A language alone is none."""
    assert text_of(f"```{word}\n```", flavour) == word
    assert text_of(f"```{word} ", flavour) == word
    assert text_of("x\n```python\n```", flavour) == "x"


LABELS = {
    'ts title="a b.ts"': "typescript",
    "js {1,3-5} showLineNumbers": "javascript",
    "js{1,3-5}": "javascript",
    'python {.line-numbers #a start="3"}': "python",
    'python {hl_lines="1 2"}': "python",
    'python hl_lines="1 2" linenums="1"': "python",
    "{r setup, include=FALSE}": "r",
    "rust, ignore": "rust",
    "rust should_panic": "rust",
    "sh session": "bash",
    "ts src/app.ts:10-20": "typescript",
    "python app.py": "python",
}


@pytest.mark.parametrize(("words", "language"), LABELS.items())
def test_a_language_and_its_options_are_a_label(
    words: str, language: str, flavour: Flavour
) -> None:
    """They are not shown."""
    for fence in ("```", "~~~"):
        html = render(f"{fence}{words}\ny\n{fence}", flavour).html
        assert f'data-language="{language}"' in html
        assert re.sub("<[^>]*>", "", html).strip() == "y"


UNUSED = [
    "[TODO]: fix-this\nrest",
    "[12:30:45]: server-started",
    "[INFO]: /var/log/app.log",
    "[Draft]: 2024-01-02",
    "[A]: user@example.com",
    "[x]: y 'title here'",
    "[1]: https://e.example/x\n[2]: https://e.example/y",
    "[ann]: hello",
    "[a]:\nword\nrest",
    "[a]: https://e.example\n[a]: https://f.example",
    "see [b]\n\n[a]: word",
]


@pytest.mark.parametrize("text", UNUSED)
def test_a_definition_that_nothing_uses_is_text(text: str, flavour: Flavour) -> None:
    """A label in code does not use it."""
    assert text_of(text, flavour) == " ".join(text.split())
    label = text.partition("]")[0] + "]"
    assert label in text_of(f"`{label}`\n\n```\n{label}\n```\n\n{text}", flavour)[len(label) * 2 :]


def test_an_item_with_an_unused_definition_is_not_empty(flavour: Flavour) -> None:
    """Nor is a quote."""
    assert text_of("- [step]: done-now", flavour) == "[step]: done-now"
    assert text_of("> [step]: done-now", flavour) == "[step]: done-now"


def test_the_second_definition_of_a_label_is_text(flavour: Flavour) -> None:
    """The first one counts."""
    text = "[a]: https://e.example\n\n[a]: https://f.example\n\n[a] here"
    assert text_of(text, flavour) == "a: https://f.example a here"


@pytest.mark.parametrize(
    "text",
    [
        "[a]\n\n[a]: https://e.example",
        "[a]: https://e.example\n\nsee [a]: it is there",
        "[b][A]\n\n[a]: https://e.example 'title'",
        "![b][a]\n\n[a]: https://e.example",
        "[a][]\n\n[a]:\nhttps://e.example",
        "[a]: https://e.example\n\n> - [a]",
    ],
)
def test_a_used_definition_is_not_shown(text: str, flavour: Flavour) -> None:
    """The link leads to its URL."""
    html = render(text, flavour).html
    assert '="https://e.example' in html
    assert "https://e.example" not in re.sub("<[^>]*>", "", html)


def test_a_comment_of_markdown_is_not_shown(flavour: Flavour) -> None:
    """It is a definition that leads nowhere."""
    assert text_of("[//]: # (a)\n[comment]: <> (b)\n\nx", flavour) == "x"


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("| 1 | 2 | 3 |", "1 2 | 3"),
        ("1 | 2 | 3 | 4", "1 2 | 3 | 4"),
        ("| `a || b` | c |", "`a | b` | c"),
        (r"| 1 | 2 \| 3 | *4* |", "1 2 | 3 | 4"),
        ("| 1 |", "1"),
        ("| 1 | 2 |", "1 2"),
    ],
)
def test_the_last_column_of_a_table_takes_the_surplus_cells(
    row: str, cells: str, flavour: Flavour
) -> None:
    """A bar separates them. Tables in items and quotes do the same."""
    table = ["| x | y |", "|---|---|", row]
    for marker in ("", "> ", "  "):
        head = "- \n" if marker == "  " else ""
        text = head + "\n".join(marker + line for line in table)
        assert text_of(text, flavour) == f"x y {cells}"
