"""docs/architecture.md names files and rooms that are there, and leaves no room out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SLIPWAY = ROOT / "plugins" / "slipway"
PAGE = (ROOT / "docs" / "architecture.md").read_text()
NAMED = sorted({name for name in re.findall(r"`([a-z_]+(?:/[a-z_]+)+)/?`", PAGE)})


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_is_there(name: str) -> None:
    places = (ROOT / name, SLIPWAY / name, SLIPWAY / f"{name}.py", ROOT / f"{name}.py")
    assert any(place.exists() for place in places)


def test_each_room_has_its_row() -> None:
    rooms_table = PAGE.partition("## A commit's way")[0]
    rows = set(re.findall(r"^\| `([a-z/]+?)/?` \|", rooms_table, re.MULTILINE))
    rooms = {folder.parent.name for folder in SLIPWAY.glob("*/__init__.py")}
    assert rooms == {row for row in rows if "/" not in row and row != "dags"}


@pytest.mark.parametrize("folder", ["plugins/slipway", "include"])
def test_no_room_is_crowded_and_each_says_what_it_is_for(folder: str) -> None:
    for init in (ROOT / folder).rglob("__init__.py"):
        modules = [one for one in init.parent.glob("*.py") if one != init]
        assert len(modules) <= 20, init.parent
        if "examples" not in init.parts:
            assert init.read_text().startswith('"""'), init
