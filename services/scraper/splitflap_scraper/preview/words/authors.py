"""Words of bylines: labels, roles, and words that are no names."""

from splitflap_scraper.preview.words import load

AUTHORS = load("authors", dict[str, list[str]])
