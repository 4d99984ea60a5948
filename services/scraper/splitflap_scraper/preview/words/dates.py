"""Words beside dates: labels, sections, and properties of events and works."""

from splitflap_scraper.preview.words import load

DATES = load("dates", dict[str, list[str]])
