"""Code that relies on more than its contract promises does not pass by chance
(labs/given/strict_caller.h): what it was lent is gone after the call."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tcplab.cli import main
from tcplab.kit import COMPONENT_FILES, Kit
from tcplab.variant import replace_once

KIT = Kit.find()
Edits = Sequence[tuple[str, str]]

CONFIG_KEPT: Edits = [
    ("struct tcp_connection {", "struct tcp_connection {\n    const struct tcp_config *lent;"),
    (
        "    connection->config = *config;",
        "    connection->config = *config, connection->lent = config;",
    ),
    (".mss = connection->config.mss,", ".mss = connection->lent->mss,"),
]
SEGMENT_KEPT: Edits = [
    ("struct tcp_connection {", "struct tcp_connection {\n    const struct tcp_segment *lent;"),
    (
        "        connection->reset = reply;",
        "        connection->reset = reply, connection->lent = segment;",
    ),
    (
        "    *out = connection->reset;",
        "    *out = connection->reset;\n"
        "    out->window = connection->lent != NULL ? connection->lent->window : 0;",
    ),
]


def edited(folder: Path, file: str, edits: Edits) -> Path:
    for name in COMPONENT_FILES:
        shutil.copy(KIT.reference / name, folder)
    text = (folder / file).read_text(encoding="utf-8")
    for find, replace in edits:
        text = replace_once(text, find, replace)
    (folder / file).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "edits, case",
    [
        (CONFIG_KEPT, "connection.opens-as-told"),
        (SEGMENT_KEPT, "connection.answers-when-over"),
    ],
)
def test_what_was_lent_is_gone(
    edits: Edits,
    case: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(edited(tmp_path, "connection.c", edits))
    assert main(["check", "--folder", ".", "5", "--case", case]) == 1
    screen = capsys.readouterr().out
    assert "look in connection.c:" in screen and "✗ crashed in" in screen
    assert "heap-use-after-free" in screen
