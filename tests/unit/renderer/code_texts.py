"""Code blocks for tests: random ones for every lexer, and what a reader sees of them."""

import html
import re

from hypothesis import strategies as st
from splitflap_core.contracts import Flavour
from splitflap_renderer.languages import LANGUAGES, has_lexer

from tests.support.undirected import render

_PIECES = (
    *"ab1 \n\t\"'`\\/{}[]()<>$@#%&*+-=_.,:;!?|~^…é",
    *('"""', "\\\\", "//", "/*", "*/", "<!--", "-->", "<<EOF\n", "${", "#{", "=begin\n", "; "),
    *("::", "if ", "for ", "x = ", 'echo "', "it's ", "$ ", ">>> ", "s{", "<?php ", "1, 0, "),
    "<a b='c'>",
)

#: Characters that no code shows: those of placeholders, and bidirectional controls.
_NOT_SHOWN = re.compile("[\x00\r\x02\x03\u202a-\u202e\u2066-\u2069\ufdd0\ufdd1]")

#: Longer than any row of the same sign in the code.
_FENCE = "~" * 400

#: A language with a lexer, and short code of it: pieces of it repeated.
CODE = st.tuples(
    st.sampled_from(sorted(name for name in LANGUAGES if has_lexer(name))),
    st.builds(
        lambda begin, unit, times, end: begin + unit * times + end,
        st.text(max_size=3),
        st.lists(st.sampled_from(_PIECES), max_size=8).map("".join),
        st.integers(1, 30),
        st.lists(st.sampled_from(_PIECES), max_size=12).map("".join),
    ).map(lambda code: _NOT_SHOWN.sub("", code)),
)


def codes(rendered: str) -> list[str]:
    """The visible text of each code block."""
    found = re.findall(r"<pre><code>(.*?)</code></pre>", rendered, re.DOTALL)
    return [html.unescape(re.sub("<[^>]*>", "", each)) for each in found]


def check_code(language: str, code: str, flavour: Flavour) -> None:
    """Hold a block to its text and its label, whatever its lexer does."""
    found = render(f"{_FENCE}{language}\n{code}\n{_FENCE}", flavour).html
    assert codes(found) == [code + "\n"]
    assert f'data-language="{language}"' in found
    assert 'class="err"' not in found
