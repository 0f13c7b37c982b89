"""The pages of the clinics, as test_blocks.py reads the others. They wait for real timers."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_reader import PATIENCE_S, name_of, pages_to_begin_with, read


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.parametrize(
    "page", [page for page in pages_to_begin_with() if page.parent.name == "clinics"], ids=name_of
)
def test_commands_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    read(page, tmp_path)
