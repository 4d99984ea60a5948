"""Previews of URLs, alone and in posts."""

from tests.support import wait_until
from tests.system.rig.client import Client
from tests.system.rig.site import Site


def test_fresh_preview_is_not_fetched_again(client: Client, channel: str, site: Site) -> None:
    """The first request gets 202, the second one 200 at once; `refresh` fetches the page again."""
    url = site.url(f"page/{channel}")
    final = client.wait_final(client.post("/v1/previews", {"url": url}))
    assert final.status_code == 200
    preview = final.json()
    assert (preview["state"], preview["title"]) == ("ready", channel)
    assert preview["fetched_at"] < preview["expires_at"]
    fresh = client.post("/v1/previews", {"url": url})
    assert (fresh.status_code, fresh.json()) == (200, preview)
    refreshed = client.post("/v1/previews", {"url": url, "refresh": True})
    assert refreshed.status_code == 202
    assert client.wait_final(refreshed).json()["fetched_at"] > preview["fetched_at"]
    assert site.hits.count(f"/page/{channel}") == 2


def test_failed_preview_has_a_reason_and_its_post_completes(
    client: Client, channel: str, site: Site
) -> None:
    """A link to a missing page fails the preview only."""
    post = client.create_post(f"see {site.url(f'missing/{channel}')}", channel)
    preview = post["links"][0]["preview"]
    assert post["state"] == "complete"
    assert preview["state"] == "failed"
    assert preview["reason"]
    assert preview["title"] is None


def test_wait_ends_with_202_if_the_page_is_slower(client: Client, channel: str, site: Site) -> None:
    """The wait ends after the requested time. The final response can be polled later."""
    site.hold()
    accepted = client.post("/v1/previews", {"url": site.url(f"held/{channel}")}, prefer="wait=1")
    assert accepted.status_code == 202
    site.release()
    assert client.wait_final(accepted).status_code == 200


def test_task_ends_before_a_slow_preview(client: Client, channel: str, site: Site) -> None:
    """SPLITFLAP_PREVIEW_WAIT ends the task. The preview still reaches the post."""
    site.hold()
    post = client.create_post(f"see {site.url(f'held/{channel}')}", channel)
    assert post["links"][0]["preview"]["state"] == "pending"
    site.release()
    path = f"/v1/posts/{post['id']}"
    wait_until(
        lambda: client.get(path).json()["links"][0]["preview"]["state"] == "ready", "the preview"
    )


def test_status_counts_unfinished_jobs(client: Client, channel: str, site: Site) -> None:
    """A page in flight is an unfinished job of a running task."""
    site.hold()
    accepted = client.post("/v1/previews", {"url": site.url(f"held/{channel}")})
    status = client.get("/v1/status").json()
    assert status["running_tasks"] >= 1
    assert any(job["kind"] == "scrape" and job["count"] >= 1 for job in status["jobs"])
    assert status["dead"] >= 0
    site.release()
    client.wait_final(accepted)
