"""Packages that the repository or its pipeline builds."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from include.cli import package
from include.cli.choices import Choices, Ships
from include.cli.local.working_copy import version_of_copy
from include.cli.package import package_working_copy
from include.project.model import Package, Project
from slipway.exceptions import TestsFailed
from slipway.hooks.packages.ready_debs import ReadyDebs
from slipway.hooks.tars import pack
from slipway.model.cloud.machine import Architecture
from slipway.model.git.large_files import LargeFiles
from slipway.pipeline.built.take import Taking
from tests.include.cli.package import working_copies
from tests.include.cli.package.working_copies import build

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from slipway.hooks.packages.nfpm import BuiltDeb

folder, project, run, tools = (
    working_copies.folder,
    working_copies.project,
    working_copies.run,
    working_copies.tools,
)


def test_a_package_of_the_repositorys_own_is_taken_from_where_it_was_built(
    folder: Path, project: Project, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {**project.package.model_dump(by_alias=True, exclude={"nfpm", "built"})}
    own = Package.model_validate({**kept, "debs": "dist/*.deb"})
    (folder / "dist").mkdir()
    (folder / "dist" / "shortener_1_amd64.deb").write_text("deb")

    def ready(_: Any, built: Any, *, pattern: str, **__: Any) -> ReadyDebs:
        built.seek(0)
        with tarfile.open(fileobj=built) as archive:
            assert (archive.getnames()[1:], pattern) == (
                ["dist/shortener_1_amd64.deb"],
                "dist/*.deb",
            )
        found: BuiltDeb = tools.build(_, io.BytesIO(pack({})), version=version_of_copy(folder))
        return ReadyDebs(main=found, beside=(), needed=frozenset())

    monkeypatch.setattr(package, "ready_debs", ready)
    out = io.StringIO()
    changed = project.model_copy(update={"package": own})
    assert package_working_copy(folder, changed, out=out) == 0
    assert "dist/*.deb: 1 files" in out.getvalue()


def test_packages_for_machines_of_several_suites_are_looked_at_as_ci_does(
    folder: Path, project: Project, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {**project.package.model_dump(by_alias=True, exclude={"nfpm", "built"})}
    suites = ["bookworm", "trixie"]
    own = Package.model_validate({**kept, "debs": "dist/*.deb", "suites": suites})
    (folder / "dist").mkdir()
    (folder / "dist" / "a.deb").write_text("deb")

    def ready(_: Any, __: Any, *, suites: Any, **___: Any) -> ReadyDebs:
        built: BuiltDeb = tools.build(_, io.BytesIO(pack({})), version=version_of_copy(folder))
        one, other = (
            ReadyDebs(
                main=replace(built, version=f"{built.version}-1~{suite}"),
                beside=(replace(built, name="shortener-data"),),
                needed=frozenset(),
                suite=suite,
            )
            for suite in suites
        )
        return replace(one, others=(other,))

    monkeypatch.setattr(package, "ready_debs", ready)
    out = io.StringIO()
    changed = project.model_copy(update={"package": own})
    assert package_working_copy(folder, changed, out=out) == 0
    told = out.getvalue()
    assert told.count("-1~bookworm_") == told.count("-1~trixie_") == 1
    assert told.count("shortener-data_") == 1


def test_what_ships_is_built_by_its_pipeline_where_somebody_wants_that(
    folder: Path, project: Project, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Ships] = []

    def build(where: Path, choices: Choices, ships: Ships, _: Any) -> Taking:
        assert (where, choices.secrets) == (folder, {"token": "x"})
        asked.append(ships)
        taking = Taking(pipeline="build", paths=ships.paths, file=ships.file, built_at=1)
        taking.take(lambda path: iter([_tar_of(path, b"ELF")]))
        return taking

    monkeypatch.setattr(package, "build_what_ships", build)
    choices = Choices(secrets={"token": "x"}).of_project(project)
    out = io.StringIO()
    assert package_working_copy(folder, project, out=out, run=choices) == 0
    assert [(one.paths, one.pipeline) for one in asked] == [
        (project.package.taken([Architecture.AMD64]), project.package.built_by)
    ]
    assert tools.sources["bin/shortener"] & 0o111
    assert not (folder / "bin").exists()


def _tar_of(path: str, content: bytes) -> bytes:
    """Pack a path as an engine does: what is at its end."""
    member = tarfile.TarInfo(path.rpartition("/")[2])
    if path != "bin/shortener":
        member.type, content = tarfile.DIRTYPE, b""
    member.mode, member.size = 0o755, len(content)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def test_a_step_that_fails_leaves_no_package(
    folder: Path, project: Project, tools: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = mock.Mock(side_effect=TestsFailed("step build failed"))
    monkeypatch.setattr(package, "build_what_ships", failing)
    out = io.StringIO()
    assert package_working_copy(folder, project, out=out, run=Choices()) == 1
    assert "step build failed" in out.getvalue()
    assert tools.sources == {}


def test_no_pointer_is_packaged_in_place_of_a_file(
    folder: Path, project: Project, run: Callable[[], tuple[int, str]], tools: Any
) -> None:
    build(folder)
    (folder / ".gitattributes").write_text("*.bin filter=lfs\n")
    (folder / "model.bin").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 9\n"
    )
    code, said = run()
    assert (code, tools.sources) == (1, {})
    assert "only pointers of Git LFS here: model.bin" in said
    assert "git lfs pull" in said
    wanted = project.repository.model_copy(update={"lfs": LargeFiles.POINTERS})
    out = io.StringIO()
    changed = project.model_copy(update={"repository": wanted})
    assert package_working_copy(folder, changed, out=out) == 0
    assert "stay pointers of Git LFS: model.bin" in out.getvalue()
