"""The cache of previews."""

import pytest
from splitflap_core.contracts import PreviewFields
from splitflap_scraper.fetch.http.validators import Validators
from splitflap_scraper.preview import cache
from splitflap_scraper.preview.cache import CachedPreview, PreviewCache, weight_of

TAG = '"v1"'


def made(title: str, tag: str = TAG) -> CachedPreview:
    """Make a preview with validators."""
    return CachedPreview(PreviewFields(title), 600, Validators("http://a.test/", tag, ""))


def test_the_cache_is_bounded_in_bytes_and_age(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest entry goes first."""
    now = 1000.0
    monkeypatch.setattr(cache, "MAX_WEIGHT", 100_000)
    previews = PreviewCache(lambda: now)
    for number in range(500):
        previews.put(f"http://a.test/{number}", made("x" * 300))
    assert len(previews.entries) == 100_000 // (1500 + 2 * 300)
    assert previews.get("http://a.test/0") is None
    assert previews.get("http://a.test/499") is not None
    now += 7 * 86_400
    assert previews.get("http://a.test/499") is None


def test_a_replaced_entry_counts_once() -> None:
    """An entry that has no validators is removed."""
    previews = PreviewCache()
    for _ in range(3):
        previews.put("http://a.test/", made("x"))
    assert previews.entries.weight == weight_of(made("x"))
    previews.put("http://a.test/", CachedPreview(PreviewFields("x"), 600))
    assert (previews.entries.weight, previews.get("http://a.test/")) == (0, None)
