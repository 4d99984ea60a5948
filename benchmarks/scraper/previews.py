"""The accuracy of previews on both sets of tests/corpus, and the steps of hostile pages and files.

Accuracy is the share of fields with the expected value, beside `linkpreview`, `trafilatura` and
`metascraper` on the same pages, each by its documented call. Fields unknown to a program do not
count for it. A wall counts as one field: it is right if the program reports a wall, or finds no
title. Time is CPU of one thread.
"""

import gc

from benchmarks.scraper.accuracy import Score, programs, score_of
from benchmarks.scraper.hostile_files import show_hostile_files
from benchmarks.scraper.hostile_steps import show_hostile_pages, show_robots_files
from tests.corpus import FIELDS, SETS, entries


def main() -> None:
    """Measure, and print the tables."""
    found = programs()
    for folder in SETS:
        corpus = list(entries(folder))
        scores = {name: score_of(name, program, corpus) for name, program in found.items()}
        _show(folder.name, scores, len(corpus))
    # The objects of the other programs are no part of the scraper's steps.
    gc.collect()
    gc.freeze()
    show_hostile_pages()
    show_robots_files()
    show_hostile_files()


def _show(title: str, scores: dict[str, Score], pages: int) -> None:
    print(f"\n{title}: {pages} pages, fields as expected\n")
    print(f"| | {' | '.join(scores)} |\n| --- |{' --- |' * len(scores)}")
    for name in (*FIELDS, "wall"):
        print(f"| {name} | {' | '.join(each.share(name) for each in scores.values())} |")
    totals = [
        f"{sum(each.right.values()) / sum(each.expected.values()):.1%}" for each in scores.values()
    ]
    print(f"| all that it has | {' | '.join(totals)} |")
    times = [f"{each.seconds / pages * 1e6:,.0f} us" for each in scores.values()]
    print(f"| CPU per page | {' | '.join(times)} |")


if __name__ == "__main__":
    main()
