"""Expected values in words name every bound that a type declares."""

from typing import Annotated, Any

import pytest
from msgspec import Meta, inspect
from splitflap_core.wording.expectations import expected


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (list[str], "a list"),
        (Annotated[list[str], Meta(min_length=1)], "a list that is not empty"),
        (Annotated[list[str], Meta(min_length=1, max_length=100)], "a list of 1 to 100 items"),
        (Annotated[list[str], Meta(max_length=100)], "a list of at most 100 items"),
        (Annotated[list[str], Meta(min_length=2)], "a list of at least 2 items"),
        (Annotated[list[str], Meta(min_length=3, max_length=3)], "a list of exactly 3 items"),
        (str, "a string"),
        (Annotated[str, Meta(min_length=1)], "a string that is not empty"),
        (Annotated[str, Meta(min_length=1, max_length=9)], "1 to 9 characters"),
        (Annotated[str, Meta(max_length=9)], "at most 9 characters"),
        (Annotated[str, Meta(min_length=2)], "at least 2 characters"),
        (Annotated[str, Meta(min_length=2, max_length=2)], "exactly 2 characters"),
        (
            Annotated[str, Meta(min_length=16, pattern="^a*$")],
            "at least 16 characters of the form below",
        ),
        (Annotated[int, Meta(ge=1, le=100)], "a whole number from 1 to 100"),
        (Annotated[float, Meta(gt=0, le=5)], "a number above 0 and up to 5"),
        (Annotated[float, Meta(ge=0, lt=5)], "a number of at least 0 and below 5"),
        (Annotated[float, Meta(gt=0, lt=5)], "a number above 0 and below 5"),
        (Annotated[int, Meta(ge=2)], "a whole number of at least 2"),
        (Annotated[int, Meta(lt=2)], "a whole number below 2"),
        (Annotated[list[str], Meta(min_length=1, max_length=9)] | None, "a list of 1 to 9 items"),
    ],
)
def test_every_bound_is_named(kind: Any, words: str) -> None:
    """A client that breaks a bound learns both ends."""
    assert expected(inspect.type_info(kind)) == words
