"""Code blocks: their languages, their marks, and what ends the marks; in both flavours."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from pygments.lexers import find_lexer_class_by_name
from pygments.token import Text
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.html import highlight
from splitflap_renderer.html.highlight import Highlighter
from splitflap_renderer.html.sanitiser import final, sanitised
from splitflap_renderer.languages import LANGUAGES, has_lexer
from splitflap_renderer.options import Options

from tests.support.undirected import render

from .code_texts import CODE, check_code, codes

both_flavours = pytest.mark.parametrize("flavour", FLAVOURS)

#: The lexers that need a minute or more for a short text, each with one. Their patterns backtrack.
HANGING = {
    "fish": r'echo "Copied to \\srv\\a\\b\\c\\d\\e\\f\\g\\h\\i\\j\\k\\l\\m\\n\\o\\p\\q\\r\\s\\t\\u',
    "tcsh": r'set prompt = "%n\\a\\b\\c\\d\\e\\f\\g\\h\\i\\j\\k\\l\\m\\n\\o\\p\\q\\r\\s\\t\\u\\v',
    "perl": "s!m" + "\\" * 78 + " [",
    "maple": "\n\"it's if  if  if  if  if  if  if  if  if  if  if  if  if  if  if  if  if  if {",
    **dict.fromkeys(
        ("cddl", "factor", "ncl", "registry", "rego", "rell", "scala"), '"' + r"\\a" * 30
    ),
    "mcschema": "<!-- " + "," * 40,
    "fancy": "/" + r"a\b" * 30,
    "restructuredtext": ":" + "\\" * 40 + "_\"it's ",
    "rita": '$ &"""' + "_a.b" * 35,
    **dict.fromkeys(("common-lisp", "emacs-lisp"), ")*>" + "<-->." * 35),
    **dict.fromkeys(("ansys", "chapel", "pan", "smithy", "urbiscript"), "'" + r"\\" * 30 + "a"),
}


def block(code: str, language: str) -> str:
    """A fence with code."""
    return f"```{language}\n{code}\n```\n"


@both_flavours
@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("[" + ",".join("01" * 337) + "]", "json"),
        ("[\n" + "  [0, 1, 0, 1, 1, 0, 0, 1],\n" * 80 + "]", "python"),
        ("\n".join(" ".join("x.o.#" for _ in range(9)) for _ in range(60)), "c"),
        ("0 1 0 0 1 1 0\n" * 120, "matlab"),
        ("{" + ",".join(f'"{n}":{n % 2}' for n in range(900)) + "}", "json"),
    ],
    ids=["[0,1,0,...] in json", "a matrix", "a board", "rows of numbers", "an object"],
)
def test_code_of_many_small_tokens_keeps_its_text_and_its_label(
    code: str, language: str, flavour: Flavour
) -> None:
    """Its marks may be too long for the bound of the HTML: 20 times the text."""
    for times in (1, 3):
        found = render(block(code, language) * times, flavour).html
        assert found.count(f'<div class="highlight" data-language="{language}">') == times
        assert codes(found) == [code + "\n"] * times


@both_flavours
def test_other_blocks_keep_their_marks_beside_one_that_is_too_long(flavour: Flavour) -> None:
    """The marks of blocks take the room below the bound in the order of the text."""
    long = "[" + ",".join("01" * 3_000) + "]"
    # Each block has a limit of its own. The time for all code of the text is long.
    options = Options(highlight_seconds=5.0)
    found = render(block(long, "json") + block("x = 1", "python"), flavour, options).html
    assert '<span class="n">x</span>' in found
    assert codes(found) == [long + "\n", "x = 1\n"]


@both_flavours
@pytest.mark.parametrize("language", HANGING)
def test_a_block_that_hangs_its_lexer_is_shown_without_marks(
    language: str, flavour: Flavour
) -> None:
    """It keeps its label, and the other blocks of the post keep their colours."""
    code = HANGING[language]
    python = block("def f(): pass", "python")
    # The time for all code of the text is long: on a busy machine a lexer of 0.1 s takes more.
    options = Options(highlight_seconds=5.0)
    found = render(python + block(code, language) + python, flavour, options).html
    assert codes(found)[1] == code + "\n"
    assert f'data-language="{language}"' in found
    assert found.count('<span class="k">def</span>') == 2


def test_all_blocks_of_a_text_end_within_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the CPU time of the text is used up, no lexer is imported, and none begins."""
    begun = []

    def slow(language: str) -> Any:
        begun.append(sum(value * value for value in range(200_000)))
        return find_lexer_class_by_name(language)

    monkeypatch.setattr(highlight, "_lexer_class", slow)
    highlighter = Highlighter(0.05)
    assert [highlighter.marked("x", "python") for _ in range(50)][-1] is None
    assert 1 <= len(begun) < 50


@both_flavours
@pytest.mark.parametrize(
    ("code", "language"),
    [
        ('{"a": [1, 2, …], "b": ...}', "json"),
        ("[1, …]", "python"),
        ("int a[] = {1, 2, …};", "c"),
        ("foo(…) → bar", "rust"),
        ("SELECT … FROM `a`;", "sql"),
        ("a: [1, …\n", "yaml"),
        ("body { … }", "css"),
        ("<<<insert here>>> $", "go"),
    ],
)
def test_a_placeholder_in_code_is_not_marked_as_an_error(
    code: str, language: str, flavour: Flavour
) -> None:
    """Pygments' style sheets draw a red box around `err`."""
    found = render(block(code, language), flavour).html
    assert 'class="err"' not in found
    assert 'class=""' not in found
    assert codes(found) == [code + "\n"]


@both_flavours
@pytest.mark.parametrize(
    ("info", "language"),
    [
        ("rust,ignore", "rust"),
        ("rust,no_run,edition2021", "rust"),
        ("python:app.py", "python"),
        ("sh session", "bash"),
        ("Common Lisp", "common-lisp"),
        ("JSON", "json"),
        ("C++", "cpp"),
        ("c++17", "cpp"),
        ("c#", "csharp"),
        ("C", "c"),
        ("c99", "c"),
        ("F#", "fsharp"),
        ("Objective-C", "objective-c"),
        ("{.python}", "python"),
        ("{ .python .numberLines }", "python"),
        ("{#id .python}", "python"),
        ("{python}", "python"),
        ("{r, echo=FALSE}", "r"),
        (".py", "python"),
        ("python {hl_lines=[1,2]}", "python"),
        ("python{1,3-4}", "python"),
        ('js title="x"', "javascript"),
        ("js{1,3}", "javascript"),
        ('title="app.py"', "python"),
        ("src/app.ts:10-20", "typescript"),
        ("12:15:src/main.rs", "rust"),
        ("app.py", "python"),
        ("application/json", "json"),
        ("language-go", "go"),
        ("lang=go", "go"),
        ("python3", "python"),
        ("python3.11", "python"),
        ("diff", "diff"),
        ("diff-js", "diff"),
        ("patch", "diff"),
        ("console", "console"),
        ("jsonc", "json"),
        ("ts", "typescript"),
        ("tsx", "tsx"),
        ("yml", "yaml"),
        ("dockerfile", "docker"),
        ("Dockerfile", "docker"),
        ("ps1", "powershell"),
        ("kt", "kotlin"),
        ("vue", "vue"),
        ("Jinja2", "jinja"),
        ("mermaid", "mermaid"),
        ("math", "math"),
        ("py&#116;hon", "python"),
        ("text", None),
        ("txt", None),
        ("", None),
        ("nonesuch", None),
        ("ignore,rust", None),
        ("a" * 5_000, None),
    ],
)
def test_the_words_after_a_fence_name_the_language(
    info: str, language: str | None, flavour: Flavour
) -> None:
    """The label comes from a closed list: an unknown word is none."""
    found = render(f"~~~~{info}\nx < 1\n~~~~", flavour).html
    assert codes(found) == ["x < 1\n"]
    assert re.findall('data-language="([^"]*)"', found) == ([language] if language else [])


def test_the_allow_lists_have_the_languages() -> None:
    """A parser with a fault writes no other label."""
    assert sanitised('<code class="language-python">a</code>', "0" * 8).count("language") == 1
    for other in ("language-nonesuch", "language-", "python", "err", "language-python mention"):
        assert "class" not in sanitised(f'<code class="{other}">a</code>', "0" * 8)
    for label in ("nonesuch", ""):
        assert "data" not in final(f'<div data-language="{label}">a</div>', "p-", "0" * 8)


@both_flavours
@pytest.mark.parametrize("language", ["rust,ignore", "python:app.py", "JSON"])
def test_a_fence_that_is_not_closed_is_a_block_to_the_end(language: str, flavour: Flavour) -> None:
    """Its language counts as well."""
    found = render(f"See:\n```{language}\na\n\n# b", flavour).html
    assert codes(found)[0].strip() == "a\n\n# b"
    assert "data-language=" in found


def test_a_lexer_that_loses_text_or_fails_leaves_the_code_plain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some lexers of Pygments drop the end of an open here-document."""
    assert Highlighter(0.5).marked("x = 1\n", "terraform")
    assert Highlighter(0.5).marked("a = <<EOF\nline one\nx x\n", "terraform") is None

    class Broken:
        def __init__(self, **_: Any) -> None:
            pass

        def get_tokens(self, code: str) -> list[Any]:
            raise KeyError(code)

    monkeypatch.setattr(highlight, "_lexer_class", lambda _: Broken)
    assert Highlighter(0.5).marked("x", "python") is None
    monkeypatch.setattr(Broken, "get_tokens", lambda *_: [(Text, "y")])
    assert Highlighter(0.5).marked("x", "python") is None
    monkeypatch.setattr(Broken, "get_tokens", lambda *_: [(Text, "x\n")])
    assert Highlighter(0.5).marked("x", "python") == "x\n"


SNIPPET = 'def f(x):\n\t# It\'s a "test": 1, 2.5 … <b>&amp;</b> {a} [b] $c @d `e`\n  return x\n'


@pytest.mark.parametrize("first", "abcdefghijklmnopqrstuvwxyz")
def test_every_lexer_keeps_a_text_whole(first: str) -> None:
    """All of Pygments' lexers are tried, by the first letter of their names."""
    names = [name for name in LANGUAGES if name[0] == first and has_lexer(name)]
    for name in names:
        check_code(name, SNIPPET, "markdown")


@settings(max_examples=100, deadline=None)
@given(CODE)
def test_no_lexer_breaks_a_text(code: tuple[str, str]) -> None:
    """Short random code is shown whole. `make fuzz` tries more of it."""
    check_code(*code, "gfm")
