"""The browser that other tests look at pages with: it sees what they rely on its seeing."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from threading import Thread

import pytest
from browser import NARROW, Browser, open_browser
from selenium.common.exceptions import WebDriverException

_PAGE = """<!doctype html><title>A page</title>
<style>
  body { margin: 0; color: #000 }
  @media (prefers-color-scheme: dark) { body { color: #fff } }
</style>
<p>Hello</p><button onclick="document.title = 'clicked'">Go</button>
<script>document.onkeydown = event => document.title = event.key</script>
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[Browser]:
    with open_browser() as one:
        yield one


@pytest.fixture
def browser(shared: Browser) -> Browser:
    shared.forget()
    return shared


def _write(folder: Path, extra: str = "") -> Path:
    page = folder / "page.html"
    page.write_text(_PAGE + extra)
    return page


def test_nothing_but_the_file_is_asked_for(browser: Browser, tmp_path: Path) -> None:
    page = _write(tmp_path)
    browser.open(page)
    assert browser.run("return document.title") == "A page"
    assert browser.requests == [page.as_uri()]
    assert browser.complaints == []
    assert "Hello" in browser.text


def test_requests_and_errors_are_seen(browser: Browser, tmp_path: Path) -> None:
    browser.open(_write(tmp_path, "<img src='http://example.invalid/x.png'><script>no()</script>"))
    assert "http://example.invalid/x.png" in browser.requests
    assert any("no is not defined" in words for words in browser.complaints)
    assert any("ERR_NAME_NOT_RESOLVED" in words for words in browser.complaints)


class _Server(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(_PAGE.replace("<title>", "<link rel=icon href=data:,><title>").encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_only_the_machines_that_were_named_are_reached() -> None:
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        with open_browser("127.0.0.1") as browser:
            browser.open(f"http://127.0.0.1:{port}/")
            assert "Hello" in browser.text and browser.complaints == []
            with pytest.raises(WebDriverException, match="ERR_NAME_NOT_RESOLVED"):
                browser.open(f"http://127.0.0.2:{port}/")
        server.shutdown()


def test_it_is_as_wide_and_as_dark_as_told(browser: Browser, tmp_path: Path) -> None:
    browser.open(_write(tmp_path, f"<div style='width: {NARROW + 10}px'>wide</div>"))
    color = "return getComputedStyle(document.body).color"
    assert browser.run("return innerWidth") == 1280
    assert browser.run(color) == "rgb(0, 0, 0)"
    assert browser.overflow() <= 0
    browser.resize(NARROW)
    browser.prefer("dark")
    assert browser.run("return innerWidth") == NARROW
    assert browser.run(color) == "rgb(255, 255, 255)"
    assert browser.overflow() == 10


def test_it_types_and_clicks_and_can_do_without_scripts(browser: Browser, tmp_path: Path) -> None:
    page = _write(tmp_path)
    browser.open(page)
    browser.press("ARROW_RIGHT")
    assert browser.run("return document.title") == "ArrowRight"
    browser.click("button")
    assert browser.run("return document.title") == "clicked"
    browser.scripts(False)
    browser.open(page)
    browser.click("button")
    browser.scripts(True)
    assert browser.run("return document.title") == "A page"


def test_a_screenshot_shows_the_whole_page(browser: Browser, tmp_path: Path) -> None:
    browser.resize(NARROW, 300)
    browser.open(_write(tmp_path, "<div style='height: 2000px'></div>"))
    browser.screenshot(tmp_path / "page.png")
    raw = (tmp_path / "page.png").read_bytes()
    assert raw.startswith(b"\x89PNG")
    assert int.from_bytes(raw[16:20], "big") == NARROW
    assert int.from_bytes(raw[20:24], "big") > 2000
