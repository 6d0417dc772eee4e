"""The pages in a real browser: nothing asks another host, nothing complains on the console."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests import services
from tests.live import Service

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    chromium = services.need("chromium")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*flags, "--disable-sync", "--no-first-run"]
        )
        yield browser.new_page()
        browser.close()


def visit(page: Page, service: Service, path: str) -> tuple[list[str], list[str]]:
    """Addresses of other hosts that the page asked, and what it complained about."""
    asked: list[str] = []
    complained: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complained.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complained.append(str(error)))
    page.goto(service.url + path, wait_until="networkidle")
    return [url for url in asked if not url.startswith((service.url, "data:", "blob:"))], complained


def test_the_api_page_shows_every_route_from_our_own_files(page: Page, service: Service) -> None:
    assert visit(page, service, "/api/docs/") == ([], [])
    page.locator(".opblock-summary-path").first.wait_for()
    routes = page.locator(".opblock-summary-path").all_text_contents()
    document = service.call("GET", "/api/schema/").json()
    operations = sum(len(methods) for methods in document["paths"].values())
    assert len(routes) == operations > 0


def test_a_person_logs_in_to_the_admin_and_finds_the_models(page: Page, service: Service) -> None:
    assert visit(page, service, "/admin/") == ([], [])
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", service.password)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")
    assert page.url == service.url + "/admin/"
    assert page.get_by_role("link", name="Assets").count() >= 1
    assert page.get_by_role("link", name="Records").count() >= 1


def test_the_start_page_leads_on(page: Page, service: Service) -> None:
    assert visit(page, service, "/") == ([], [])
    page.click("text=The API")
    page.wait_for_load_state("networkidle")
    assert page.url == service.url + "/api/docs/"
