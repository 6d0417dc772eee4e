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


def log_in(page: Page, service: Service) -> None:
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", service.password)
    page.click("button[type=submit]")
    page.wait_for_load_state("networkidle")


def test_a_person_logs_in_to_the_admin_and_finds_the_models(page: Page, service: Service) -> None:
    page.context.clear_cookies()
    assert visit(page, service, "/admin/") == ([], [])
    log_in(page, service)
    assert page.url == service.url + "/admin/"
    assert page.get_by_role("link", name="Assets").count() >= 1
    assert page.get_by_role("link", name="Records").count() >= 1


def test_the_start_page_leads_on(page: Page, service: Service) -> None:
    assert visit(page, service, "/") == ([], [])
    page.click("text=The API")
    page.wait_for_load_state("networkidle")
    assert page.url == service.url + "/api/docs/"


def test_a_person_who_edits_a_record_loses_nobody_s_change(page: Page, service: Service) -> None:
    def value() -> str:
        return service.call("GET", "/api/v1/namespaces/browser/keys/a/b").text

    def put(data: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        assert service.call("PUT", "/api/v1/namespaces/browser/keys/a/b", data=data, headers=headers).ok

    put(b'{"first": [1,\n2]}')
    page.context.clear_cookies()
    page.goto(service.url + "/admin/")
    log_in(page, service)
    assert visit(page, service, "/admin/kvstore/record/?q=browser/") == ([], [])
    page.click("nav >> text=a/")
    page.click("#changelist-form >> text=a/b")
    assert page.input_value("textarea[name=text]") == '{"first": [1,\n2]}'
    page.fill("textarea[name=text]", '{"mine":\n1}')
    put(b'{"theirs": 2}')
    page.click("button[name=_save]")
    assert "theirs" in page.inner_text("#there")
    assert page.input_value("textarea[name=text]") == '{"mine":\n1}'
    assert value() == '{"theirs": 2}'
    page.click("button[name=_save]")
    page.wait_for_url("**/record/?q=browser**")
    assert value() == '{"mine":\n1}'
    page.goto(service.url + "/admin/kvstore/record/browser_2Fa_2Fb/change/")
    page.click("tr:has-text('application/json'):nth-child(3) >> text=restore")
    page.wait_for_load_state("networkidle")
    assert "Version 1 is there again, as version 4." in page.inner_text("body")
    assert value() == '{"first": [1,\n2]}'
