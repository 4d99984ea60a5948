"""The ids of footnotes, as both flavours write them and the sanitiser allows them.

An id holds the salt of its text, so footnotes of two texts on one page have different ids. The
prefix `fn` keeps them apart from the global names of the page's scripts.
"""

import re

#: `fn-` or `fnref-`, the text's salt, the footnote's number, and the number of the reference.
FOOTNOTE_ID = re.compile(r"fn(?:ref)?-([0-9a-f]{8})-[0-9]{1,6}(?::[0-9]{1,6})?")

#: The salt of a text without one: of a message of an earlier release, or of a test.
NO_SALT = "0" * 8


def footnote_id(salt: str, number: int) -> str:
    """An id that FOOTNOTE_ID allows."""
    return f"fn-{salt}-{number}"
