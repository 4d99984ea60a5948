"""The names of metas by their field."""

from splitflap_scraper.preview.words import load

METAS = load("metas", dict[str, tuple[str, ...]])
