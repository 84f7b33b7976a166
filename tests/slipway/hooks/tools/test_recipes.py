from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.tars import pack
from slipway.hooks.tools.recipes import digest, recipe

ROOT = Path(__file__).resolve().parents[4]


def test_a_layer_has_its_own_files_and_the_shared_ones() -> None:
    base, app = recipe(ROOT, "base"), recipe(ROOT, "app")
    assert {"packer/machine.pkr.hcl", "ansible/base.yml"} <= base.keys()
    assert not any(name.startswith("ansible/roles/app") for name in base)
    assert "ansible/roles/app/tasks/package.yml" in app
    assert "ansible/roles/base/tasks/fresh_start.yml" in app
    # Packer 1.6 would refuse the block in there.
    assert not any("plugins" in name for name in {**base, **app})


def test_every_byte_and_every_name_counts() -> None:
    files = {"a": b"1", "b": b"2"}
    assert digest(files) == digest(dict(reversed(files.items())))
    assert digest(files) != digest({"a": b"1", "b": b"3"})
    assert digest(files) != digest({"a": b"1", "c": b"2"})
    assert digest({"a": b"12"}) != digest({"a": b"1"}, {"": b"2"})


def test_a_folder_that_lacks_a_file(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentMisconfigured, match="recipes"):
        recipe(tmp_path, "base")


def test_packing() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack({"a/b": b"x"}))) as archive:
        content = archive.extractfile("a/b")
        assert content is not None
        assert content.read() == b"x"
