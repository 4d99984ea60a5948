"""The Dockerfiles, and the stack of compose.yaml."""

import re
from typing import Any

import pytest
import yaml
from splitflap_api.settings import ApiSettings
from splitflap_core.definitions import definitions
from splitflap_core.settings import CommonSettings, load
from splitflap_renderer.settings import RendererSettings
from splitflap_scraper.process.settings import ScraperSettings

from .helm import ROOT

KINDS: dict[str, type[CommonSettings]] = {
    "api": ApiSettings,
    "scraper": ScraperSettings,
    "renderer": RendererSettings,
}


@pytest.fixture(scope="module")
def stack() -> dict[str, Any]:
    """The services of compose.yaml."""
    document = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    services: dict[str, Any] = document["services"]
    return services


@pytest.mark.parametrize("service", KINDS)
def test_an_image_has_a_numeric_user_and_locked_packages(service: str) -> None:
    """It has labels, and leaves out the packages for tests and tools."""
    text = (ROOT / "services" / service / "Dockerfile").read_text(encoding="utf-8")
    build, run = text.split("\nFROM ")[1:]
    assert f"uv sync --locked --no-dev --no-editable --package splitflap-{service}" in build
    assert "ARG PYTHON_VERSION" in text
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", run, re.MULTILINE)
    assert "pip install" not in run
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in run


def test_the_image_of_nginx_has_a_numeric_user_and_any_base() -> None:
    """It has the labels of the other images. nginx finishes running requests after SIGQUIT."""
    text = (ROOT / "services" / "web" / "Dockerfile").read_text(encoding="utf-8")
    _, run = text.split("\nFROM ")[1:]
    assert run.startswith("${NGINX_IMAGE}\n")
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", run, re.MULTILINE)
    assert "STOPSIGNAL SIGQUIT" in run
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in run


def test_compose_publishes_nginx_alone(stack: dict[str, Any]) -> None:
    """It asks the API by its name in the stack."""
    assert [name for name, service in stack.items() if "ports" in service] == ["web"]
    assert stack["web"]["environment"]["WEB_API"] == "api:8000"
    assert stack["web"]["read_only"] is True


@pytest.mark.parametrize("service", KINDS)
def test_compose_gives_each_service_valid_settings(stack: dict[str, Any], service: str) -> None:
    """RabbitMQ has the service's user and password."""
    settings = load(KINDS[service], stack[service]["environment"])
    users = definitions(stack["definitions"]["environment"])["users"]
    assert settings.broker_user in {each["name"] for each in users}
    known = stack["definitions"]["environment"][f"SPLITFLAP_{service.upper()}_PASSWORD"]
    assert settings.broker_password == known
    assert stack[service]["read_only"] is True
