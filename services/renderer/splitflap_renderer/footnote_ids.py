"""The ids of footnotes, as both flavours write them and the sanitiser allows them.

An id holds a hash of its text, so footnotes of two texts on one page have different ids. The
prefix `fn` keeps them apart from the global names of the page's scripts.
"""

import re

#: `fn-` or `fnref-`, the text's hash, the footnote's number, and the number of the reference.
FOOTNOTE_ID = re.compile(r"fn(?:ref)?-([0-9a-f]{8})-[0-9]{1,6}(?::[0-9]{1,6})?")


def footnote_id(text_hash: str, number: int) -> str:
    """An id that FOOTNOTE_ID allows."""
    return f"fn-{text_hash}-{number}"
