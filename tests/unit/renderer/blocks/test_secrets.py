"""The excerpt of a post gives no secret of a spoiler away, in both flavours."""

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour

from tests.support.undirected import render

EXCERPTS = {
    ">! the killer is Bob": "Spoiler",
    "Who?\n\n>! the *killer* is Bob\n> and `Ann`\n\nGuess!": "Who? Spoiler Guess!",
    ">! # a\n> 1. b\n> 2. ![c](https://e.com/c.png)\n\n1. d": "Spoiler 1. d",
    ">! a\n>\n> >! b\n>\n> c\n\nd\n\n>! e\n\nf": "Spoiler d Spoiler f",
    ">! <details><summary>a</summary>b</details> c\n\nd": "Spoiler d",
    ">! <summary>a</summary> b\n\nc": "Spoiler c",
    "- >! a\n- b": "Spoiler b",
    "> >! a\n>\n> b": "Spoiler b",
    ">! a[^1]\n\n[^1]: b": "Spoiler",
    "<details><summary>a</summary>b</details>": "a b",
    "<details><summary>a</summary>\n\n>! b\n\nc\n</details>": "a Spoiler c",
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("text", EXCERPTS)
def test_an_excerpt_has_the_title_of_a_spoiler_only(text: str, flavour: Flavour) -> None:
    """A notification shows the excerpt before a reader opens the spoiler."""
    assert render(text, flavour).excerpt == EXCERPTS[text]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_mention_in_a_spoiler_is_listed(flavour: Flavour) -> None:
    """Its owner is notified of it."""
    result = render(">! it was @bob", flavour)
    assert (result.mentions, result.excerpt) == (["bob"], "Spoiler")
