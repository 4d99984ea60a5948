"""How much of each specification each flavour renders alike: `make conformance`."""

import sys
from collections import Counter

from splitflap_renderer.markdown.gfm_flavour import GfmFlavour
from splitflap_renderer.markdown.markdown_flavour import MarkdownFlavour

from tests.conformance.spec import comparable, examples


def main() -> None:
    """Print the shares, and the sections with differences."""
    parts = {
        "CommonMark 0.31.2": examples("commonmark"),
        "GitHub's extensions": [each for each in examples("gfm") if each.extension],
    }
    parsers: dict[str, GfmFlavour | MarkdownFlavour] = {
        "gfm": GfmFlavour("github"),
        "gfm without bare autolinks and tag filter": GfmFlavour("commonmark"),
        "markdown": MarkdownFlavour("github"),
        "markdown without them": MarkdownFlavour("commonmark"),
    }
    for flavour, parser in parsers.items():
        sys.stdout.write(f"{flavour}\n")
        for name, those in parts.items():
            wrong = [
                each
                for each in those
                if comparable(parser.convert(each.text, "00000000")[0]) != comparable(each.html)
            ]
            right = len(those) - len(wrong)
            share = 100 * right / len(those)
            sys.stdout.write(f"  {name:20} {right:3} of {len(those):3} {share:6.1f} %\n")
            for section, count in Counter(each.section for each in wrong).most_common():
                sys.stdout.write(f"    {count:3} differ in: {section}\n")


if __name__ == "__main__":
    main()
