"""Alerts, spoilers and formulas, in both flavours."""

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.options import Options
from splitflap_renderer.render import render

pytestmark = pytest.mark.parametrize("flavour", FLAVOURS)


def html_of(text: str, flavour: Flavour) -> str:
    """The HTML without line ends and directions."""
    return re.sub(r' dir="[a-z]*"|\n', "", render(text, flavour).html)


@pytest.mark.parametrize("kind", ["NOTE", "Tip", "important", "WARNING", "CAUTION"])
def test_an_alert_has_its_title_and_its_blocks(kind: str, flavour: Flavour) -> None:
    """As on GitHub."""
    assert html_of(f"> [!{kind}]\n> *a*\n>\n> - b", flavour) == (
        f'<div class="markdown-alert markdown-alert-{kind.lower()}">'
        f'<p class="markdown-alert-title">{kind.capitalize()}</p>'
        "<p><em>a</em></p><ul><li>b</li></ul></div>"
    )


@pytest.mark.parametrize("text", ["> [!OTHER]\n> a", "> [!NOTE] a\n> b", "[!NOTE]\na"])
def test_other_text_is_no_alert(text: str, flavour: Flavour) -> None:
    """It is shown as written."""
    html = html_of(text, flavour)
    assert "[!" in html
    assert "markdown-alert" not in html


SPOILERS = {
    "a line": (">! *a*", "<p><em>a</em></p>"),
    "no space": (">!a", "<p>a</p>"),
    "lines": (">! a\n>!\n>! - b\n>!   - c", "<p>a</p><ul><li>b<ul><li>c</li></ul></li></ul>"),
    "a forgotten sign": (">! a\n>\n> b", "<p>a</p><p>b</p>"),
    "code": (">! ```\n>! a\n>! ```", '<div class="highlight"><pre><code>a</code></pre></div>'),
    "a quote": (">! > a", "<blockquote><p>a</p></blockquote>"),
}


@pytest.mark.parametrize(("text", "inside"), SPOILERS.values(), ids=SPOILERS)
def test_a_spoiler_opens_without_a_script(text: str, inside: str, flavour: Flavour) -> None:
    """It holds any blocks."""
    spoiler = f'<details class="spoiler"><summary>Spoiler</summary>{inside}</details>'
    assert html_of(text, flavour) == spoiler
    assert html_of(f"x\n{text}\n\ny", flavour) == f"<p>x</p>{spoiler}<p>y</p>"
    assert html_of(f"- {text}".replace("\n", "\n  "), flavour) == f"<ul><li>{spoiler}</li></ul>"


@pytest.mark.parametrize("text", ["> ! a", "    >! a", "`>! a`", "a >! b", "\\>! a"])
def test_other_text_is_no_spoiler(text: str, flavour: Flavour) -> None:
    """The sign stands right after the bracket at the beginning of a line."""
    assert "<details" not in html_of(text, flavour)


FORMULAS = {
    "within a line": ("a $x_1 * y_2 * z$ b", "inline", "x_1 * y_2 * z"),
    "alone": ("$x$", "inline", "x"),
    "with comparisons": ("$a<b$ and", "inline", "a&lt;b"),
    "with commands": (r"$\frac{1}{2} \_ \$ x$", "inline", r"\frac{1}{2} \_ \$ x"),
    "with links and names": ("$@ann #b https://e.example :tada:$", "inline", None),
    "in backticks": ("$`a_b_c`$", "inline", "a_b_c"),
    "in brackets": ("($x$), $y$.", "inline", "y"),
    "for display": ("a $$x^2$$ b", "display", "x^2"),
    "for display, on lines": ("$$x\ny$$", "display", "x y"),
    "for display, with spaces": ("$$ x^2 $$", "display", "x^2"),
    "for display, on lines with spaces": (
        "a\n$$ x = \\frac{a}{b}\n\\over c_1 $$\nb",
        "display",
        r"x = \frac{a}{b} \over c_1",
    ),
    "within Chinese": ("设$x$为", "inline", "x"),
    "in backticks within Chinese": ("设$`x`$为", "inline", "x"),
    "for display within Chinese": ("令$$x$$为", "display", "x"),
    "before Japanese": ("$x$です。", "inline", "x"),
    "in a cell": ("| a |\n|---|\n| $x_1 y_1$ |", "inline", "x_1 y_1"),
    "in emphasis": ("**$x$**", "inline", "x"),
}


@pytest.mark.parametrize(("text", "kind", "formula"), FORMULAS.values(), ids=FORMULAS)
def test_a_formula_is_kept_as_code(
    text: str, kind: str, formula: str | None, flavour: Flavour
) -> None:
    """Nothing in it is emphasised or linked. A client draws it."""
    result = render(text, flavour, Options(mention_url="/u/{name}", channel_url="/c/{name}"))
    found = re.findall(rf'<code class="math-{kind}">([^<]*)</code>', result.html.replace("\n", " "))
    assert found[-1] == (formula or text.strip("$"))
    assert (result.mentions, result.channels, result.links) == ([], [], [])


@pytest.mark.parametrize("text", ["$$\na\n\n= b\n$$", "```math\na\n\n= b\n```"])
def test_a_block_of_mathematics_is_labelled_code(text: str, flavour: Flavour) -> None:
    """So are diagrams in `mermaid`."""
    block = '<div class="highlight" data-language="{}"><pre dir="ltr"><code>{}\n</code></pre></div>'
    assert block.format("math", "a\n\n= b") in render(f"x\n{text}\ny", flavour).html
    html = render("```mermaid\nA --> B\n```", flavour).html
    assert block.format("mermaid", "A --&gt; B") in html


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10",
        "$5, or 6$",
        "I have $5. You have 6$.",
        "$20-$30, US$5",
        "$HOME and $PATH",
        "$HOME/$USER:$PATH",
        "${A}/${B} $(a) $(b)",
        "kill $$ and $$",
        "'$' and '$'",
        r"\$x\$",
        "a $ b $ c",
        "$x\ny$",
        "$ x$",
        "1$x$2",
        "é$x$é",
        "价格$5和$10",
        "用$HOME和$路径",
        "a $$ b $$",
        "$$ and $$ are",
    ],
)
def test_prices_and_variables_are_no_formulas(text: str, flavour: Flavour) -> None:
    """They are shown as written."""
    html = render(text, flavour).html
    assert "math" not in html
    assert re.sub(r"<[^>]*>", "", html).split() == text.replace("\\", "").split()
