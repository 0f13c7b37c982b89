"""Draws the pictures of the pages while MkDocs builds (mkdocs.yml, `hooks`): the ladder of every
traced case, and what is marked. Which pictures there are, and how they are made, stands in
grader/tcplab/handouts/pictures/.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "grader"))

from tcplab.cache_folder import cache_folder  # noqa: E402
from tcplab.errors import InfrastructureError  # noqa: E402
from tcplab.handouts.pictures.album import Album  # noqa: E402
from tcplab.handouts.pictures.wishes import Wish, filled, split  # noqa: E402
from tcplab.kit import Kit  # noqa: E402
from tcplab.report.pictures.figures import definitions  # noqa: E402

_BARS = ROOT / "grader" / "tcplab" / "report" / "trace_page" / "bars.css"
_AS_TEXT = "<details><summary>The same as text</summary>{}</details>"


# From on_files to on_post_build: the album, and what each page wants, by its source.
_albums: list[Album] = []
_wishes: dict[str, list[Wish]] = {}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Runs the cases of all pages."""
    files.append(File(_BARS.name, str(_BARS.parent), config.site_dir, config.use_directory_urls))
    texts = [
        (one.src_uri, Path(one.abs_src_path).read_text(encoding="utf-8"))
        for one in files.documentation_pages()
    ]
    kit = Kit(ROOT)
    page = "the pictures"
    try:
        wishes: list[tuple[str, Wish]] = []
        for page, text in texts:
            wishes += [(page, wish) for wish in split(text)[1]]
        page = "the pictures"
        album = Album(kit, [wish for _, wish in wishes], cache_folder(kit) / "pictures")
        for page, wish in wishes:
            album.check(wish)
    except InfrastructureError as error:
        raise PluginError(f"{page}: {error}") from None
    _albums[:] = [album]
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Keeps a place for each picture."""
    text, _wishes[page.file.src_uri] = split(markdown)
    return text


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Puts the pictures in their places."""
    wishes = _wishes.pop(page.file.src_uri, [])
    if not wishes:
        return output
    root = "../" * (len(PurePosixPath(page.url).parts) - 1)
    figures = [
        _albums[0].figure(wish, root, f"picture-{number}", page.url, str(page.title))
        for number, wish in enumerate(wishes, 1)
    ]
    return filled(output, [definitions() + figures[0], *figures[1:]], _AS_TEXT)


def on_post_build(config: MkDocsConfig) -> None:
    """Writes the trace pages to which the pictures lead."""
    _albums.pop().write_traces(Path(config.site_dir))
