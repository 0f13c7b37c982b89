"""The site in a browser: over the reference's TCP, over both wires, and from files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import NARROW, WIDE, Browser, open_browser

from tcplab.handouts.building import build
from tcplab.kit import Kit
from tcplab.wire.choose import choose_wire

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 30

_PICTURES = "return [...document.images].map(one => one.complete && one.naturalWidth > 0)"
_FOCUSED = "return document.activeElement.textContent.trim()"
# Waits until the page has what a selector names, and says it in words.
_AWAIT = """
const [selector, done] = [arguments[0], arguments[arguments.length - 1]];
const look = () => {
  const found = document.querySelector(selector);
  if (found) { observer.disconnect(); done(found.textContent); }
};
const observer = new MutationObserver(look);
observer.observe(document.documentElement, {childList: true, subtree: true, attributes: true});
look();
"""
# The least contrast of any text with the background behind it, and that text.
_CONTRAST = r"""
const parts = (colour) => {
  const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
  return [r, g, b, a];
};
const mix = (top, under) => [0, 1, 2]
  .map((place) => top[place] * top[3] + under[place] * (1 - top[3])).concat([1]);
const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
  .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
  .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
const behind = (element) => {
  if (!element) return [255, 255, 255, 1];
  const own = parts(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own : mix(own, behind(element.parentElement));
};
let least = [21, ""];
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const [text, element] = [texts.currentNode.data.trim(), texts.currentNode.parentElement];
  if (!text || element.closest("script, style")) continue;
  if (!element.checkVisibility({opacityProperty: true})) continue;
  const back = behind(element);
  const fore = mix(parts(getComputedStyle(element).color), back);
  const [a, b] = [light(fore), light(back)].sort((one, other) => other - one);
  const contrast = (a + 0.05) / (b + 0.05);
  if (contrast < least[0]) least = [contrast, text];
}
return least;
"""


@pytest.fixture(scope="module")
def site() -> Path:
    return build(Kit(_ROOT))[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser("127.0.0.1") as one:
        yield one


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The address at which the site comes through the reference's TCP."""
    command = [sys.executable, "-m", "tcplab", "docs", "--over-my-tcp", "--tcp", "reference"]
    process = subprocess.Popen(
        [*command, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_ROOT / "grader")},
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        address = re.match(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert address is not None, process.stderr.read()
        yield address[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE_S) == 130
    finally:
        process.kill()
        process.communicate()


def use(browser: Browser, start: str) -> None:
    """Reads, follows links and searches, with the keyboard; all that is asked for begins with the
    same address as the page."""
    root = start.removesuffix("index.html")
    browser.forget()
    browser.open(start)
    assert "Build TCP in C" in browser.text
    pictures = browser.run(_PICTURES)
    assert pictures and all(pictures)

    browser.press("TAB", "TAB")
    while browser.run(_FOCUSED) != "1 The byte stream":
        browser.press("TAB")
        assert browser.run("return document.activeElement !== document.body")
    browser.press("ENTER")
    browser.run_until_done(_AWAIT, "#why-this-piece-exists")
    assert browser.run("return location.href") == f"{root}1-byte-stream.html"

    browser.press("f")  # for the search, says the theme
    browser.press("acknowledgment")
    found = browser.run_until_done(_AWAIT, ".md-search-result__item a")
    assert found.strip()
    browser.press("ARROW_DOWN", "ENTER")
    browser.run_until_done(_AWAIT, "article mark")
    assert browser.run("return location.href").startswith(root)
    assert [one for one in browser.requests if not one.startswith((root, "data:", "chrome"))] == []
    assert browser.complaints == []


@pytest.mark.parametrize("wire, loss", [("tun", "0"), ("socketpair", "2%")])
def test_over_the_references_tcp(browser: Browser, wire: str, loss: str) -> None:
    if wire == "tun" and choose_wire("auto")[0] != "tun":
        pytest.skip("no TUN on this machine")
    with serving("--wire", wire, "--loss", loss) as address:
        use(browser, address)


def test_from_files(browser: Browser, site: Path) -> None:
    use(browser, (site / "index.html").as_uri())


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "page", ["index.html", "5-connection.html", "requirements.html", "kit/labs/index.html"]
)
def test_readable(browser: Browser, site: Path, page: str, width: int, scheme: str) -> None:
    """No page is wider than its room, and no text too pale."""
    browser.resize(width)
    browser.prefer(scheme)
    browser.open(site / page)
    assert browser.overflow() <= 0
    contrast, text = browser.run(_CONTRAST)
    assert contrast >= 4.5, text


_SEEN = (
    "return [...document.querySelectorAll(arguments[0])].filter(x => x.checkVisibility()).length"
)


def seen(browser: Browser, selector: str) -> int:
    """How many elements of a kind can be seen."""
    return int(browser.run(_SEEN, selector))


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_requirements_are_filtered(browser: Browser, site: Path, width: int) -> None:
    browser.resize(width)
    browser.open(site / "requirements.html")
    rows, headings = seen(browser, "tbody tr"), seen(browser, "h2")
    browser.click("#filter-rows")
    browser.press(*"worth_sending Nagle")
    found = seen(browser, "tbody tr")
    assert 0 < found < 10
    assert 0 < seen(browser, "h2") == seen(browser, "table") < headings
    label = "return document.querySelector('.tcplab-filter output').textContent"
    assert browser.run(label) == f"{found} of {rows}"
    browser.press(*"xyzzy")
    assert seen(browser, "tbody tr") == seen(browser, "h2") == seen(browser, "table") == 0
    assert browser.overflow() <= 0


def test_requirements_without_scripts(browser: Browser, site: Path) -> None:
    browser.open(site / "requirements.html")
    rows = seen(browser, "tbody tr")
    browser.scripts(False)
    browser.open(site / "requirements.html")
    browser.scripts(True)
    assert seen(browser, "tbody tr") == rows > 600
    assert browser.run("return document.querySelector('#filter-rows')") is None
