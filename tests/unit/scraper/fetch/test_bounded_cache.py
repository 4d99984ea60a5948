"""The cache with a bound for the weight of its entries."""

from splitflap_scraper.fetch.bounded_cache import BoundedCache


def test_the_entry_that_was_used_longest_ago_is_forgotten() -> None:
    """A read is a use, too."""
    cache: BoundedCache[str, str] = BoundedCache(2)
    cache.put("a", "1")
    cache.put("b", "2")
    assert cache.get("a") == "1"
    cache.put("c", "3")
    assert [cache.get(key) for key in "abc"] == ["1", None, "3"]


def test_an_entry_ends_after_its_time() -> None:
    """It has no value from then on."""
    now = 0.0
    cache: BoundedCache[str, str] = BoundedCache(2, clock=lambda: now)
    cache.put("a", "1", keep=10.0)
    now = 9.0
    assert cache.get("a") == "1"
    now = 10.0
    assert cache.get("a") is None


def test_the_weight_of_all_entries_is_bounded() -> None:
    """A replaced entry counts once, and an entry above the bound is not kept."""
    cache: BoundedCache[str, str] = BoundedCache(5, weigh=len)
    cache.put("a", "xxx")
    cache.put("a", "xx")
    cache.put("b", "xxx")
    assert (len(cache), cache.weight) == (2, 5)
    cache.put("c", "xxxxxx")
    assert (len(cache), cache.weight) == (0, 0)
