"""A project file, and mistakes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.project.loader import PROJECTS, load_project
from slipway.exceptions import ProjectFileError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = (PROJECTS / "guestbook.yaml").read_text()


def broken(tmp_path: Path, old: str, new: str) -> str:
    assert old in GOOD
    path = tmp_path / "shop.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ProjectFileError) as caught:
        load_project(path)
    return str(caught.value)


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(GOOD.splitlines(), 1) if text in line)


URL = "url: git://127.0.0.1:9418/acme/guestbook.git"
