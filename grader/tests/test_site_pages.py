"""Every page of the site, looked over as it is in a browser: with a keyboard, by its words, on a
telephone, by day and by night. What is looked for stands in page_checks.js."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from browser import NARROW, WIDE, Browser, open_browser

from tcplab.handouts.building import build
from tcplab.handouts.serving import address_of, listen, serve
from tcplab.kit import Kit

_ROOT = Path(__file__).resolve().parents[2]
_CHECKS = (Path(__file__).parent / "page_checks.js").read_text(encoding="utf-8")
_FOLDERS = ("kit", "traces")  # of pages that are alike, of which there are many
_PARTS = 3  # a test for each: together they may take longer than a test may
_WITHOUT_HEADINGS = ("404.html",)  # there is nothing to be led to

# Where the focus is.
_FIRST = "return [document.activeElement.className, document.activeElement.hash || '']"
_IS_INSIDE = "return document.activeElement.closest('article') !== null"


@pytest.fixture(scope="module")
def site() -> Path:
    return build(Kit(_ROOT))[0]


@pytest.fixture(scope="module")
def address(site: Path) -> str:
    listener = listen(0)
    Thread(target=serve, args=(site, listener), daemon=True).start()
    return address_of(listener)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser("127.0.0.1") as one:
        yield one


def pages_in(site: Path, folder: str) -> list[str]:
    """Below one of the folders, or in none of them; the largest of many files that look alike."""
    paths = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"))]
    if folder:
        return [path for path in paths if path.startswith(f"{folder}/")]
    return [path for path in paths if not path.startswith(tuple(f"{one}/" for one in _FOLDERS))]


def skip(browser: Browser) -> list[str]:
    """What is wrong with the first thing that a keyboard reaches, the link past everything else."""
    kind, target = browser.run(_FIRST)
    if not kind.startswith("md-skip") or not target:
        return [f"the first link is {kind}"]
    browser.press("ENTER", "TAB")
    if browser.run("return location.hash") != target or not browser.run(_IS_INSIDE):
        return ["the first link does not lead to the content"]
    return []


@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.parametrize("folder", ["", *_FOLDERS])
def test_every_page(browser: Browser, site: Path, address: str, folder: str, part: int) -> None:
    pages = pages_in(site, folder)[part::_PARTS]
    assert len(pages) > 10
    problems: list[str] = []
    for page in pages:
        browser.resize(NARROW)
        browser.prefer("light")
        browser.open(address + page)
        found = [f"is {wide} px too wide"] if (wide := browser.overflow()) > 0 else []
        found += browser.run(_CHECKS, ["structure", "moving", "contrast"])
        browser.resize(WIDE)
        browser.prefer("dark")
        browser.press("TAB")  # from here on the focus is the keyboard's
        if not folder and page not in _WITHOUT_HEADINGS:
            found += skip(browser)
        found += browser.run(_CHECKS, ["keyboard", "moving", "contrast"])
        problems += [f"{page}: {one}" for one in found]
    assert problems == [], "\n".join(problems)


BROKEN = """<!doctype html><html><head><title> </title></head>
<body style="background: #fff; color: #ddd"><main><h1>One</h1><h3>Three</h3>
<img src="data:,"><svg role="img"><text class="pale" fill="#eee" x="5" y="15">pale</text></svg>
<a href="#" tabindex="-2" style="outline: none">x</a><button></button>
<pre style="width: 3em; overflow: auto">much too wide</pre><i id="a"></i><i id="a"></i>
<p style="width: 1500px">wide</p></main></body></html>"""


def test_what_is_wrong_is_seen(browser: Browser, tmp_path: Path) -> None:
    """The checks themselves."""
    page = tmp_path / "broken.html"
    page.write_text(BROKEN, encoding="utf-8")
    browser.resize(NARROW)
    browser.prefer("light")
    browser.open(page)
    assert browser.overflow() > 0
    found = browser.run(_CHECKS, ["structure", "moving", "keyboard", "contrast"])
    for words in (
        "no title",
        "no language",
        "after a heading of level 1",
        "no alt",
        "a picture without words",
        "two are called a",
        "moves by touch only",
        "out of reach: <a",
        "focus is not seen: <a",
        "without a name: <button",
        "contrast of 1.36: <p",
        "contrast of 1.16: <text",
    ):
        assert any(one.startswith(words) for one in found), (words, found)
