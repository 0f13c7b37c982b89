"""`./tcplab docs`: the site is whole, needs nothing from elsewhere, and is served."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import urlopen

import pytest

from tcplab.errors import InfrastructureError, UsageError
from tcplab.handouts.building import MARK, build
from tcplab.handouts.pictures.wishes import Ladder, split
from tcplab.kit import Kit

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 60

# Addresses in the scripts of the theme that no page of ours makes it ask: how a repository does,
# diagrams, what an error message refers to, and examples.
_NEVER_ASKED = {
    "http://a",
    "http://a/c%20d",
    "https://api.github.com/repos/$",
    "https://api.github.com/users/$",
    "https://$",
    "https://unpkg.com/mermaid@8.13.3/dist/mermaid.min.js",
    "https://bit.ly/2s3ChXG",
}


@pytest.fixture(scope="module")
def site() -> Path:
    """Where the kit itself has it; others read it at the same time."""
    return build(Kit(ROOT))[0]


class Page(HTMLParser):
    """What a page of the site has, as far as it is asked about here."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path
        self.language = ""
        self.title = ""
        self.headings = 0
        self.anchors: set[str] = set()
        self.links: list[str] = []  # what a reader may follow
        self.fetched: list[str] = []  # what a browser gets by itself
        self.without_text: list[str] = []  # pictures
        self._in_title = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        self.anchors.update(has[name] for name in ("id", "name") if has.get(name))
        self.fetched += re.findall(r"url\(([^)]*)\)", has.get("style", ""))
        for name in ("src", "data", "poster", "srcset", "action", "data-index"):
            if has.get(name):
                self.fetched.append(has[name])
        if "href" in has:
            (self.links if tag == "a" else self.fetched).append(has["href"])
        if tag == "img" and not has.get("alt", "").strip():
            self.without_text.append(has.get("src", ""))
        self.language = has.get("lang", "") if tag == "html" else self.language
        self.headings += tag == "h1"
        self._in_title = tag == "title" and not self.title

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False


@cache
def pages_of(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in sorted(site.rglob("*.html"))}


def test_every_handout_is_there(site: Path) -> None:
    docs = ROOT / "handouts" / "docs"
    for handout in docs.rglob("*.md"):
        assert site / handout.relative_to(docs).with_suffix(".html") in pages_of(site)


def test_pages_have_titles_and_pictures_have_words(site: Path) -> None:
    titles: dict[str, Path] = {}
    for page in pages_of(site).values():
        assert page.title.strip() and page.language == "en", page.path
        assert page.headings == 1, page.path
        assert not page.without_text, page.path
        if page.path.name != "404.html":
            assert titles.setdefault(page.title, page.path) == page.path


def test_links_and_anchors_lead_somewhere(site: Path) -> None:
    checked = 0
    for page in pages_of(site).values():
        for link in page.links + page.fetched:
            parts = urlsplit(link)
            if parts.scheme or link == "#":
                continue
            target = page.path
            if parts.path:
                base = site if parts.path.startswith("/") else page.path.parent
                target = (base / unquote(parts.path).lstrip("/")).resolve()
                target = target / "index.html" if target.is_dir() else target
            assert target.is_relative_to(site) and target.is_file(), f"{page.path}: {link}"
            if parts.fragment:
                anchors = pages_of(site)[target].anchors
                assert unquote(parts.fragment) in anchors, f"{page.path}: {link}"
            checked += 1
    assert checked > 1000


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    for page in pages_of(site).values():
        for source in page.fetched:
            parts = urlsplit(source)
            assert not parts.netloc and parts.scheme in ("", "data"), f"{page.path}: {source}"
        for link in page.links:
            assert urlsplit(link).scheme in ("", "http", "https", "javascript"), link
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert "@import" not in text
        for source in re.findall(r"url\(\s*[\"']?([^\"')]*)", text):
            assert source.startswith(("data:", "#")), f"{style}: {source}"  # or in the page itself
    for picture in site.rglob("*.svg"):
        names = set(re.findall(r"(?:https?:)?//[\w./]+", picture.read_text(encoding="utf-8")))
        assert names <= {"http://www.w3.org/2000/svg"}, picture


def test_scripts_know_no_other_hosts(site: Path) -> None:
    for script in site.rglob("*.js"):
        if script.parent.name == "search":
            continue  # the index: our own text
        code = re.sub(r"/\*.*?\*/", "", script.read_text(encoding="utf-8"), flags=re.DOTALL)
        found = set(re.findall(r"https?://[^\"'`){} ]+", code))
        assert found <= _NEVER_ASKED, script


def test_files_of_the_kit_have_pages(site: Path) -> None:
    """What a handout links to can be read on the site, line by line, whatever is in it."""
    text = (site / "kit" / "reference" / "seqno.c.html").read_text(encoding="utf-8")
    source = (ROOT / "reference" / "seqno.c").read_text(encoding="utf-8")
    shown = re.sub(r"<[^>]+>", "", text[text.index("<pre") :])
    unescaped = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    assert source.strip() in unescaped.replace("&#39;", "'").replace("&amp;", "&")
    assert f'id="L{len(source.splitlines())}"' in text
    assert "kit/labs/0-seqno/seqno.h.html" in pages_of(site)[site / "0-seqno.html"].links


def test_pictures_lead_to_trace_pages_and_back(site: Path) -> None:
    """And the text of a ladder is still there, for those who do not see it."""
    docs, drawn = ROOT / "handouts" / "docs", 0
    for handout in docs.rglob("*.md"):
        _, wishes = split(handout.read_text(encoding="utf-8"))
        path = site / handout.relative_to(docs).with_suffix(".html")
        text = path.read_text(encoding="utf-8")
        assert text.count('<figure class="drawn') == len(wishes), path
        for number, wish in enumerate(wishes, 1):
            assert f'id="picture-{number}"' in text
            if wish.play is not None:
                traces = [link for link in pages_of(site)[path].links if wish.play.page in link]
                trace = (path.parent / unquote(urlsplit(traces[0]).path)).resolve()
                back = [urlsplit(link).path for link in pages_of(site)[trace].links]
                assert path in [(trace.parent / link).resolve() for link in back if link]
                drawn += 1
        ladders = sum(isinstance(wish, Ladder) for wish in wishes)
        assert text.count("The same as text</summary>") >= ladders
    assert drawn > 5


@pytest.mark.parametrize("depth", [1, 2], ids=["top", "folders"])
def test_a_link_called_like_a_function_leads_to_it(site: Path, depth: int) -> None:
    """From pages in folders, too: the way back to the site's root is longer there."""
    docs = ROOT / "handouts" / "docs"
    pages = [page for page in docs.rglob("*.md") if len(page.relative_to(docs).parts) == depth]
    checked = 0
    for page in pages:
        made = pages_of(site)[site / page.relative_to(docs).with_suffix(".html")]
        for name, there in re.findall(r"\[`(\w+)`\]\((\.\.[^)\s#]*\.c)\)", page.read_text("utf-8")):
            source = (page.parent / there).resolve()
            begins = f"{'../' * (depth - 1)}kit/{source.relative_to(ROOT)}.html#L"
            numbers = [int(link[len(begins) :]) for link in made.links if link.startswith(begins)]
            lines = source.read_text(encoding="utf-8").splitlines()
            if re.search(rf"^[a-z].*\b{name}\(", "\n".join(lines), re.MULTILINE):
                assert any(f"{name}(" in lines[number - 1] for number in numbers), (page, name)
                checked += 1
    assert checked > 0


@pytest.mark.parametrize("page", ["run.html", "clinics/index.html"])
def test_pages_of_any_depth_link_to_files_and_folders(site: Path, page: str) -> None:
    """What is a path to a file in the handout is one to its page here."""
    up = "../" * page.count("/")
    links = pages_of(site)[site / page].links
    assert any(link.startswith(f"{up}kit/") for link in links)
    assert not any(re.match(r"(\.\./)+(reference|grader|labs)/", link) for link in links)


# --- making it ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory, site: Path) -> Kit:
    """A kit of its own, whose handouts may be changed. The cases of the pictures are those of the
    site, and are not run again."""
    root = tmp_path_factory.mktemp("kit")
    for folder in ("handouts", "labs", "reference", "skeleton", "grader"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    for name in ("README.md", "tcplab"):
        shutil.copy2(ROOT / name, root / name)
    runs = Path("build", "grader-cache", "pictures")
    if (ROOT / runs).is_dir():
        shutil.copytree(ROOT / runs, root / runs)
    return Kit(root)


def test_it_is_made_again_only_after_a_change(kit: Kit) -> None:
    said: list[str] = []
    site, made = build(kit, before=lambda: said.append("it takes a while"))
    assert made and site == kit.root / "build" / "site"
    assert build(kit, before=lambda: said.append("again")) == (site, False)
    assert said == ["it takes a while"]
    page = kit.root / "handouts" / "docs" / "run.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nA new sentence.\n", encoding="utf-8")
    assert build(kit) == (site, True)
    assert "A new sentence." in (site / "run.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in site.parent.iterdir()) == [
        ".site.lock",
        "grader-cache",  # with runs of the cases that are drawn, and what they needed
        "site",
    ]


def test_a_broken_link_is_said(kit: Kit) -> None:
    """In one line; and the former site stays as it was."""
    page = kit.root / "handouts" / "docs" / "index.md"
    before = page.read_text(encoding="utf-8")
    page.write_text(f"{before}\n[x](../../nowhere.c)\n", encoding="utf-8")
    try:
        with pytest.raises(InfrastructureError, match="nowhere.c") as caught:
            build(kit)
        assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)
    finally:
        page.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    "picture, words",
    [
        ("states connection.nowhere", "no case is called so"),
        ("space connection.we-close-first 1", "faq.md: .* nothing to draw after step 1"),
        ("moon", "faq.md: no such picture: moon"),
    ],
)
def test_a_picture_of_nothing_is_said(kit: Kit, picture: str, words: str) -> None:
    page = kit.root / "handouts" / "docs" / "faq.md"
    before = page.read_text(encoding="utf-8")
    page.write_text(f"{before}\n<!-- picture:{picture} -->\n<!-- /picture -->\n", encoding="utf-8")
    try:
        with pytest.raises(InfrastructureError, match=words) as caught:
            build(kit)
        assert "\n" not in str(caught.value)
    finally:
        page.write_text(before, encoding="utf-8")


def test_it_can_be_made_anywhere(kit: Kit, tmp_path: Path) -> None:
    """What was made by an earlier kit is made anew; nothing else is left there."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / MARK).write_text("older", encoding="ascii")
    (tmp_path / "site" / "old.html").write_text("old", encoding="ascii")
    assert build(kit, tmp_path / "site") == (tmp_path / "site", True)
    assert [path.name for path in tmp_path.iterdir()] == ["site"]
    assert not (tmp_path / "site" / "old.html").exists()


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="no site of the handouts"):
        build(Kit(ROOT), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


# --- serving it --------------------------------------------------------------------------------


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`tcplab docs` while it serves, and the address that it has printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tcplab", "docs", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "grader")},
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        address = re.match(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert address is not None, process.stderr.read()
        yield address[0], process
    finally:
        process.terminate()
        process.communicate(timeout=_PATIENCE_S)


def test_it_is_served_until_the_interrupt(site: Path) -> None:
    with serving("--out", str(site), "--port", "0") as (address, process):
        for page in ("", "requirements.html"):
            with urlopen(urljoin(address, page), timeout=_PATIENCE_S) as answer:
                assert answer.read() == (site / (page or "index.html")).read_bytes()
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=_PATIENCE_S)
        assert process.returncode == 130
        assert output == "" and errors == "tcplab: interrupted; nothing was left behind\n"


def docs(*arguments: str) -> tuple[int, str]:
    """Its exit status, and what it says on standard error."""
    run = subprocess.run(
        [sys.executable, "-m", "tcplab", "docs", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "grader")},
        timeout=_PATIENCE_S,
        check=False,
    )
    return run.returncode, run.stderr


def test_a_port_that_is_taken_is_said(site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, errors = docs("--out", str(site), "--port", port)
    assert status == 2 and f"port {port}: Address already in use" in errors
    assert len(errors.splitlines()) == 1


def test_building_only(site: Path) -> None:
    assert docs("--build", "--out", str(site)) == (0, "")
    assert (site / MARK).is_file()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--build", "--port", "1"], "serves nothing"),
        (["--loss", "2%"], "--loss goes with --over-my-tcp"),
        (["--tcp", "reference"], "--tcp goes with --over-my-tcp"),
    ],
)
def test_wrong_calls(arguments: list[str], words: str) -> None:
    status, errors = docs(*arguments)
    assert status == 2 and words in errors and len(errors.splitlines()) == 1
