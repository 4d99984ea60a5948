"""The cache of previews."""

import pytest
from splitflap_scraper.fetch.http.validators import Validators
from splitflap_scraper.preview import cache
from splitflap_scraper.preview.cache import CachedPreview, PreviewCache, weight_of
from splitflap_scraper.preview.metadata import Metadata

TAG = '"v1"'


def made(title: str, tag: str = TAG) -> CachedPreview:
    """A preview."""
    return CachedPreview(Metadata(title), 600, Validators("http://a.test/", tag, ""))


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes in all, and the time since a page was read."""
    now = 1000.0
    previews = PreviewCache(lambda: now)
    monkeypatch.setattr(cache, "MAX_WEIGHT", 100_000)
    for number in range(500):
        previews.put(f"http://a.test/{number}", made("x" * 300))
    assert len(previews) == 100_000 // (1500 + 2 * 300)
    assert previews.get("http://a.test/0") is None
    assert previews.get("http://a.test/499") is not None
    now += 7 * 86_400
    assert previews.get("http://a.test/499") is None


def test_what_is_put_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts once; a page that has lost its validators is forgotten."""
    previews = PreviewCache()
    for _ in range(3):
        previews.put("http://a.test/", made("x"))
    assert previews.weight == weight_of(made("x"))
    previews.put("http://a.test/", CachedPreview(Metadata("x"), 600))
    assert (previews.weight, previews.get("http://a.test/")) == (0, None)
