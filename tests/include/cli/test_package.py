"""What `fab package` takes of a working copy, and what it says."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from include.cli.local.working_copy import packed, version_of_copy
from include.cli.package import choose_project, package_working_copy
from include.project.machines.written import MachineSpec
from slipway.exceptions import MigrationFailed, PackageRefused
from slipway.model.cloud.machine import Architecture
from tests.include.cli.package import working_copies
from tests.include.cli.package.working_copies import build, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from include.project.model import Project

folder, project, run, tools = (
    working_copies.folder,
    working_copies.project,
    working_copies.run,
    working_copies.tools,
)


def test_what_ships_besides_the_sources_is_taken_from_the_working_copy(
    folder: Path, run: Callable[[], tuple[int, str]], tools: Any
) -> None:
    build(folder)
    code, said = run()
    assert code == 0
    assert tools.sources["bin/shortener"] & 0o111
    assert tools.sources.keys() >= {"main.go", "migrations/00001_a.sql"}
    assert not any(name.startswith(".git/") for name in tools.sources)
    assert f"shortener_{version_of_copy(folder)}_amd64.deb: 3 bytes" in said
    assert "schema 1: up, down and up again works" in said


def test_a_package_for_each_architecture_is_looked_at_as_ci_does(
    folder: Path, project: Project, tools: Any
) -> None:
    both = {"built": ("bin/{arch}/shortener",)}
    own = project.package.model_copy(update=both)
    graviton = MachineSpec(architecture=Architecture.ARM64)
    environments = {
        **project.environments,
        "prod": project.environments["dev"].model_copy(update={"machine": graviton}),
    }
    update = {"package": own, "environments": environments}
    changed = project.model_copy(update=update)
    for name in ("amd64", "arm64"):
        out = io.StringIO()
        code = package_working_copy(folder, changed, out=out)
        assert code == 1
        assert f"bin/{name}/shortener: nothing is there" in out.getvalue()
        program = folder / "bin" / name / "shortener"
        program.parent.mkdir(parents=True)
        program.write_text("ELF")
    out = io.StringIO()
    assert package_working_copy(folder, changed, out=out) == 0
    version = version_of_copy(folder)
    for name in ("amd64", "arm64"):
        assert f"bin/{name}/shortener" in tools.sources
        assert f"shortener_{version}_{name}.deb: 3 bytes" in out.getvalue()


def test_a_program_that_nobody_built_here_is_named(
    folder: Path, run: Callable[[], tuple[int, str]]
) -> None:
    code, said = run()
    assert code == 1
    assert "bin/shortener: nothing is there" in said
    assert "build it there, as .drone.yml does" in said
    assert "schema 1" in said  # the migrations are looked at all the same
    assert "Traceback" not in said


def test_everything_that_is_wrong_is_said_in_one_go(
    folder: Path, run: Callable[[], tuple[int, str]], tools: Any
) -> None:
    build(folder)
    tools.name = "shrotener"
    tools.rehearsal.run.side_effect = MigrationFailed("00001_a.sql fails on the way down")
    code, said = run()
    assert code == 1
    assert "builds 'shrotener', the project file says 'shortener'" in said
    assert "00001_a.sql fails on the way down" in said


def test_the_version_is_the_one_that_ci_will_give(folder: Path) -> None:
    sha = git(folder, "rev-parse", "HEAD")[:7]
    assert version_of_copy(folder) == f"0.0.0+1.g{sha}"
    git(folder, "tag", "v1.2.0")
    assert version_of_copy(folder) == f"1.2.0+0.g{sha}"


def test_files_have_the_modes_that_a_commits_archive_gives_them(folder: Path) -> None:
    (folder / "main.go").chmod(0o600)
    (folder / "run").write_text("")
    (folder / "run").chmod(0o700)
    with tarfile.open(fileobj=io.BytesIO(packed(folder, as_archived=True))) as archive:
        modes = {one.name: one.mode for one in archive}
    assert (modes["main.go"], modes["run"]) == (0o664, 0o775)


def test_the_project_is_told_by_name_by_origin_or_by_the_folder(
    folder: Path, project: Project
) -> None:
    other = project.model_copy(update={"name": "other"})
    both = {"shortener": project, "other": other}
    assert choose_project(both, folder, "other") is other
    assert choose_project(both, folder) is project
    moved = folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(PackageRefused, match="is not clear") as refused:
        choose_project(both, moved)
    assert "--project; there is shortener, other" in refused.value.advice
    git(moved, "remote", "add", "origin", project.repository.url)
    assert choose_project({"shortener": project}, moved) is project
    with pytest.raises(PackageRefused, match="there is no project 'shrotener'"):
        choose_project(both, moved, "shrotener")


def test_a_folder_that_is_not_there_is_named(project: Project, tmp_path: Path) -> None:
    with pytest.raises(PackageRefused, match="there is no folder"):
        choose_project({"shortener": project}, tmp_path / "absent", "shortener")
