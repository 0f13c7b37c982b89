"""Gives every file of the kit that the handouts link to a page of the site, and every folder a
list: MkDocs calls it while it builds (mkdocs.yml, `hooks`).

In the handouts such a link is the path to the file, as it is for whoever reads them on a forge. On
the site `../../reference/seqno.c#L12` becomes `kit/reference/seqno.c.html#L12`. A link that
is called like a function, [`seqno_before`](../../reference/seqno.c), leads to where that begins.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from jinja2 import Environment, FileSystemLoader
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound

ROOT = Path(__file__).resolve().parents[1]
SITE_FOLDER = "kit"

_LINK = re.compile(r"(?<=\]\()(\.\.[^)\s#]*)")
_FUNCTION = re.compile(r"(\[`(\w+)`\]\((\.\.[^)\s#]*\.c))(?=\))")
_READ_HERE = ("labs", "reference", "skeleton")  # whole folders of these can be read on the site
_HIDDEN = re.compile(r"^\.|^__pycache__$|\.pyc$|^test_")

_scratch: list[tempfile.TemporaryDirectory[str]] = []  # from on_files to on_post_build


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages, in a folder that is gone after the build."""
    scratch = tempfile.TemporaryDirectory(prefix="tcplab-docs-")
    _scratch.append(scratch)
    linked = _linked(Path(config.docs_dir))
    _write_pages(with_contents(linked), Path(scratch.name))
    for page in sorted(Path(scratch.name).rglob("*.html")):
        path = page.relative_to(scratch.name).as_posix()
        files.append(File(path, scratch.name, config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leads the links there."""

    def on_site(match: re.Match[str]) -> str:
        target = (Path(config.docs_dir) / page.file.src_uri).parent / match[1]
        path = target.resolve()
        if not _is_of_the_kit(path, Path(config.docs_dir)):
            return match[1]
        return "../" * (len(PurePosixPath(page.file.src_uri).parts) - 1) + page_of(path)

    def to_function(match: re.Match[str]) -> str:
        source = (Path(config.docs_dir) / page.file.src_uri).parent / match[3]
        line = line_of(match[2], source) if source.is_file() else None
        return match[1] if line is None else f"{match[1]}#L{line}"

    return _LINK.sub(on_site, _FUNCTION.sub(to_function, markdown))


def on_post_build(config: MkDocsConfig) -> None:
    """Writes the search index once more as a script, for a site that is read from files, and takes
    away what only other sites need: those with an address, or in other languages."""
    while _scratch:
        _scratch.pop().cleanup()
    site = Path(config.site_dir)
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    script = f"tcplabSearchIndex({json.dumps(json.loads(index), separators=(',', ':'))});\n"
    (site / "search" / "search_index.js").write_text(script, encoding="utf-8")
    for useless in ("sitemap.xml", "sitemap.xml.gz"):
        (site / useless).unlink(missing_ok=True)
    for useless_map in site.glob("assets/**/*.map"):
        useless_map.unlink()
    shutil.rmtree(site / "assets" / "javascripts" / "lunr", ignore_errors=True)


def line_of(function: str, source: Path) -> int | None:
    """Where the function's definition begins in a C file, from 1; None if the file has none."""
    begins = rf"[a-z][^;{{}}()\n]*\b{function}\([^;{{}}]*\)\n\{{$"
    text = source.read_text(encoding="utf-8")
    found = re.search("^" + begins, text, re.MULTILINE)
    return None if found is None else text.count("\n", 0, found.start()) + 1


def page_of(path: Path) -> str:
    """The page for a file or folder of the kit, as seen from the site's root."""
    name = PurePosixPath(SITE_FOLDER, path.relative_to(ROOT).as_posix())
    return str(name / "index.html" if path.is_dir() else f"{name}.html")


def with_contents(linked: set[Path]) -> set[Path]:
    """The same with the files in the folders, where these are for reading."""
    pages = set(linked)
    for folder in linked:
        if folder.is_dir() and folder.relative_to(ROOT).parts[:1] in [(one,) for one in _READ_HERE]:
            pages.update(path for path in listed(folder) if path.is_file())
    return pages


def listed(folder: Path) -> list[Path]:
    """What the list of a folder shows: its folders, then its files."""
    entries = [path for path in folder.iterdir() if not _HIDDEN.search(path.name)]
    return sorted(entries, key=lambda path: (path.is_file(), path.name))


def _linked(docs: Path) -> set[Path]:
    """The files and folders of the kit, outside of the handouts, that a handout links to."""
    linked = set()
    for page in docs.rglob("*.md"):
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / link).resolve()
            if _is_of_the_kit(path, docs):
                linked.add(path)
    return linked


def _is_of_the_kit(path: Path, docs: Path) -> bool:
    """Is there such a file or folder, and is it none of the handouts?"""
    return path.exists() and path.is_relative_to(ROOT) and not path.is_relative_to(docs)


def _write_pages(pages: set[Path], place: Path) -> None:
    loader = FileSystemLoader(ROOT / "handouts" / "theme")
    template = Environment(loader=loader, autoescape=True).get_template("source.html")
    for path in pages:
        page = place / page_of(path)
        page.parent.mkdir(parents=True, exist_ok=True)
        name = path.relative_to(ROOT).as_posix()
        above = [parent for parent in reversed(path.parents) if parent in pages]
        text = template.render(
            name=name + ("/" if path.is_dir() else ""),
            root="../" * (len(PurePosixPath(page_of(path)).parts) - 1),
            above=[(one.relative_to(ROOT).as_posix() + "/", page_of(one)) for one in above],
            entries=_entries(path, pages) if path.is_dir() else None,
            lines=None if path.is_dir() else _lines(path),
        )
        page.write_text(text, encoding="utf-8")


def _entries(folder: Path, pages: set[Path]) -> list[tuple[str, str | None]]:
    """Names, and the pages of those that have one."""
    return [
        (path.name + ("/" if path.is_dir() else ""), page_of(path) if path in pages else None)
        for path in listed(folder)
    ]


def _lines(path: Path) -> list[str]:
    """The file's lines as HTML, with a class for each kind of word."""
    try:
        lexer = get_lexer_for_filename(path.name, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    code = highlight(path.read_text(encoding="utf-8"), lexer, HtmlFormatter(nowrap=True))
    return str(code).rstrip("\n").split("\n")
