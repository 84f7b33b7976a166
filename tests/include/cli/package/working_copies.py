"""A working copy, and what `fab package` is run with."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import docker
import pytest

from include.cli import migrations, package
from include.cli.package import package_working_copy
from include.project.loader import load_project
from slipway.hooks.packages import each_architecture
from slipway.hooks.packages.deb_units import Units
from slipway.hooks.packages.nfpm import BuiltDeb
from slipway.hooks.packages.packaging_file import PackagingFile
from slipway.model.facts import SchemaVersion
from slipway.tasks.schema.rehearsal import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.project.model import Project

EXAMPLES = Path(__file__).resolve().parents[4] / "include" / "examples"


@pytest.fixture
def project() -> Project:
    return load_project(EXAMPLES / "shortener.yaml")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shortener"
    (folder / "migrations").mkdir(parents=True)
    (folder / ".gitignore").write_text("/bin/\n")
    (folder / "main.go").write_text("package main\n")
    (folder / "migrations" / "00001_a.sql").write_text("-- +goose Up\n-- +goose Down\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "First")
    return folder


def git(folder: Path, *words: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The hooks, which would ask Docker."""
    fakes = mock.Mock()
    monkeypatch.setattr(docker, "from_env", mock.Mock())
    monkeypatch.setattr(package, "ContainerEngine", mock.Mock())
    fakes.sources = {}

    def build(
        _: Any, sources: Any, *, version: str, architecture: str = "amd64", **__: Any
    ) -> BuiltDeb:
        with tarfile.open(fileobj=sources) as archive:
            fakes.sources = {one.name: one.mode for one in archive if one.isfile()}
        text = "name: shortener\n"
        return BuiltDeb(
            name=fakes.name,
            version=version,
            architecture=architecture,
            content=io.BytesIO(b"deb"),
            size=3,
            sha256=hashlib.sha256(b"deb").hexdigest(),
            units=Units(names=("shortener.service",)),
            packaging=PackagingFile(path="packaging/nfpm.yaml", text=text),
        )

    fakes.name = "shortener"
    fakes.rehearsal = mock.create_autospec(Rehearsal, instance=True)
    fakes.rehearsal.run.return_value = SchemaVersion(version=1, before=0, seconds=1.0)
    fakes.build = build
    monkeypatch.setattr(each_architecture, "build_deb", build)
    monkeypatch.setattr(migrations, "Rehearsal", lambda **_: fakes.rehearsal)
    return fakes


@pytest.fixture
def run(folder: Path, project: Project, tools: Any) -> Callable[[], tuple[int, str]]:
    def go() -> tuple[int, str]:
        out = io.StringIO()
        return package_working_copy(folder, project, out=out), out.getvalue()

    return go


def build(folder: Path) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "shortener").write_text("ELF")
    (folder / "bin" / "shortener").chmod(0o755)
