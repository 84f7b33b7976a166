"""Which code rehearses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import slipway
from slipway.tasks.schema.own_code import own_code


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ("tasks/schema/rehearsal.py", True),
        ("tasks/proof/live_trial.py", True),
        ("hooks/migrations/goose.py", True),
        ("policies/schema.py", True),
        ("policies/dora.py", False),
    ],
)
def test_code_that_rehearses_is_told_apart_by_what_its_files_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str, *, counts: bool
) -> None:
    package = tmp_path / "slipway"
    for folder in ("tasks/schema", "tasks/proof", "hooks/migrations", "policies"):
        shutil.copytree(Path(slipway.__file__).parent / folder, package / folder)
    before = own_code.__wrapped__()
    monkeypatch.setattr(slipway, "__file__", str(package / "__init__.py"))
    assert own_code.__wrapped__() == before
    with (package / changed).open("a") as file:
        file.write("# changed\n")
    assert (own_code.__wrapped__() != before) is counts
