"""An image's digest changes with whatever could change the image, and with nothing else."""

from __future__ import annotations

import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from include.images import catalog, inputs
from include.images.catalog import Image

ROOT = Image(name="root", tag="test/root:1", parent=None)
CHILD = Image(name="child", tag="test/child:1", parent="root")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two images' folders, and a folder of certificates."""
    monkeypatch.setattr(catalog, "FOLDER", tmp_path)
    for image in (ROOT, CHILD):
        image.folder.mkdir()
        (image.folder / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "authorities").mkdir()
    return tmp_path


@pytest.fixture
def settings(folders: Path) -> inputs.Settings:
    return inputs.Settings(certificates=folders / "authorities")


def test_the_digest_does_not_depend_on_times(settings: inputs.Settings) -> None:
    before = inputs.digest(CHILD, settings, "parent")
    os.utime(CHILD.folder / "Dockerfile", (0, 0))
    assert inputs.digest(CHILD, settings, "parent") == before


@pytest.mark.parametrize("change", ["content", "new file", "renamed", "executable", "parent"])
def test_the_digest_follows_the_context(settings: inputs.Settings, change: str) -> None:
    script = CHILD.folder / "script"
    script.write_text("echo\n")
    before, parent = inputs.digest(CHILD, settings, "parent"), "parent"
    if change == "content":
        script.write_text("echo hello\n")
    elif change == "new file":
        (CHILD.folder / "more").mkdir()
        (CHILD.folder / "more" / "file").write_text("")
    elif change == "renamed":
        script.rename(CHILD.folder / "other")
    elif change == "executable":
        script.chmod(0o755)
    else:
        parent = "other parent"
    assert inputs.digest(CHILD, settings, parent) != before


def test_certificates_and_the_base_count_for_the_root_alone(settings: inputs.Settings) -> None:
    root, child = inputs.digest(ROOT, settings, ""), inputs.digest(CHILD, settings, "parent")
    (settings.certificates / "own.crt").write_text("certificate")
    with_certificate = inputs.digest(ROOT, settings, "")
    assert with_certificate != root
    other = inputs.Settings(certificates=settings.certificates, base_image="debian:12")
    assert inputs.digest(ROOT, other, "") != with_certificate
    assert inputs.digest(CHILD, other, "parent") == child


def test_the_mirror_counts_where_the_dockerfile_asks_for_it(settings: inputs.Settings) -> None:
    other = inputs.Settings(certificates=settings.certificates, mirror="http://mirror.test/debian")
    assert inputs.digest(CHILD, other, "p") == inputs.digest(CHILD, settings, "p")
    (CHILD.folder / "Dockerfile").write_text("FROM scratch\nARG MIRROR=x\n")
    assert inputs.digest(CHILD, other, "p") != inputs.digest(CHILD, settings, "p")
    assert inputs.build_arguments(CHILD, other) == {"MIRROR": "http://mirror.test/debian"}


def test_the_archive_is_the_same_for_the_same_files(settings: inputs.Settings) -> None:
    (CHILD.folder / "run").write_text("#!/bin/sh\n")
    (CHILD.folder / "run").chmod(0o700)
    first = inputs.archive(inputs.context(CHILD, settings))
    os.utime(CHILD.folder / "run", (0, 0))
    assert inputs.archive(inputs.context(CHILD, settings)) == first
    with tarfile.open(fileobj=io.BytesIO(first)) as tar:
        modes = {member.name: member.mode for member in tar}
    assert modes == {"certificates": 0o755, "Dockerfile": 0o644, "run": 0o755}


def test_certificates_of_subfolders_are_taken_too(settings: inputs.Settings) -> None:
    (settings.certificates / "company").mkdir()
    (settings.certificates / "company" / "ca.crt").write_text("certificate")
    (settings.certificates / "readme.txt").write_text("not one")
    assert set(inputs.context(ROOT, settings)) == {"Dockerfile", "certificates/company_ca.crt"}


def test_settings_come_from_the_environment() -> None:
    settings = inputs.Settings.from_environment(
        {"SLIPWAY_BASE": "archive", "SLIPWAY_MIRROR": "http://mirror.test/debian/"}
    )
    assert (settings.base, settings.mirror) == ("archive", "http://mirror.test/debian")
    assert inputs.Settings.from_environment({}) == inputs.Settings()


def test_the_toolbox_follows_the_collections_that_roles_ask_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: inputs.Settings
) -> None:
    pinned = tmp_path / "ansible" / "requirements.yml"
    pinned.parent.mkdir()
    pinned.write_text("collections: []\n")
    monkeypatch.setattr(inputs, "REPOSITORY", tmp_path)
    toolbox = replace(CHILD, besides=catalog.IMAGES["toolbox"].besides)
    before = inputs.digest(toolbox, settings, "parent")
    assert inputs.context(toolbox, settings)["requirements.yml"] == (b"collections: []\n", False)
    pinned.write_text("collections: [{name: ansible.posix, version: 1.5.4}]\n")
    assert inputs.digest(toolbox, settings, "parent") != before
