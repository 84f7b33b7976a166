"""What `fab package` takes of a working copy, and what it says."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import docker
import pytest

from include.cli import migrations, package
from include.cli.choices import Choices, Ships
from include.cli.package import choose_project, package_working_copy
from include.cli.working_copy import packed, uncommitted, version_of_copy
from include.project.loader import load_project
from include.project.machines.written import MachineSpec
from include.project.model import Package, Project
from slipway.exceptions import MigrationFailed, PackageRefused, TestsFailed
from slipway.hooks.packages import each_architecture
from slipway.hooks.packages.deb_units import Units
from slipway.hooks.packages.nfpm import BuiltDeb
from slipway.hooks.packages.packaging_file import PackagingFile
from slipway.hooks.packages.ready_debs import ReadyDebs
from slipway.hooks.tars import pack
from slipway.model.cloud.machine import Architecture
from slipway.model.facts import SchemaVersion
from slipway.model.git.large_files import LargeFiles
from slipway.model.schema_facts import HeavyChange
from slipway.pipeline.built.take import Taking
from slipway.tasks.schema.rehearsal import Rehearsal

EXAMPLES = Path(__file__).resolve().parents[3] / "include" / "examples"


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
    _git(folder, "init", "--quiet", "--initial-branch=main")
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "First")
    return folder


def _git(folder: Path, *words: str) -> str:
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


def _build(folder: Path) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "shortener").write_text("ELF")
    (folder / "bin" / "shortener").chmod(0o755)


def test_what_ships_besides_the_sources_is_taken_from_the_working_copy(
    folder: Path, run: Callable[[], tuple[int, str]], tools: Any
) -> None:
    _build(folder)
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
    _build(folder)
    tools.name = "shrotener"
    tools.rehearsal.run.side_effect = MigrationFailed("00001_a.sql fails on the way down")
    code, said = run()
    assert code == 1
    assert "builds 'shrotener', the project file says 'shortener'" in said
    assert "00001_a.sql fails on the way down" in said


def _heavy(version: int, file: str) -> HeavyChange:
    return HeavyChange(
        version=version,
        file=file,
        line=2,
        table="public.links",
        effect="reads every row of",
        blocks_reads=False,
        statement="create index on links (url)",
        safer="CREATE INDEX CONCURRENTLY",
    )


def test_what_keeps_others_from_a_table_is_told_before_the_push(
    folder: Path, run: Callable[[], tuple[int, str]], tools: Any
) -> None:
    """As the delivery does: of migrations that are new, not of those that databases have met."""
    _build(folder)
    tools.rehearsal.run.return_value = SchemaVersion(
        version=2,
        before=0,
        seconds=1.0,
        heavy=(_heavy(1, "00001_a.sql"), _heavy(2, "00002_b.sql")),
    )
    told = (
        "warning: {}:2 reads every row of public.links, while nobody writes it: create index on "
        "links (url)\n    safer: CREATE INDEX CONCURRENTLY"
    )
    code, said = run()
    assert code == 0
    assert told.format("00001_a.sql") in said  # nothing is known to be delivered yet
    assert told.format("00002_b.sql") in said
    _git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    (folder / "migrations" / "00002_b.sql").write_text("-- +goose Up\n-- +goose Down\n")
    said = run()[1]
    assert told.format("00001_a.sql") not in said
    assert told.format("00002_b.sql") in said


def test_a_migration_that_databases_have_met_is_not_changed(
    folder: Path, run: Callable[[], tuple[int, str]]
) -> None:
    _build(folder)
    _git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    (folder / "migrations" / "00001_a.sql").write_text("-- +goose Up\nSELECT 1;\n")
    code, said = run()
    assert code == 1
    assert "00001_a.sql was changed after it had been applied: origin/main will not" in said


def test_what_the_delivered_branch_has_got_meanwhile_is_no_mistake_here(
    folder: Path, run: Callable[[], tuple[int, str]]
) -> None:
    _build(folder)
    (folder / "migrations" / "00002_b.sql").write_text("-- +goose Up\n-- +goose Down\n")
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "Second")
    _git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    _git(folder, "reset", "--hard", "--quiet", "HEAD~1")
    assert run()[0] == 0


def test_what_ci_would_not_see_is_named(folder: Path, run: Callable[[], tuple[int, str]]) -> None:
    _build(folder)
    assert "not committed" not in run()[1]
    (folder / "new file.go").write_text("package main\n")
    (folder / "main.go").write_text("package other\n")
    assert uncommitted(folder) == ["main.go", "new file.go"]
    assert "not committed, so CI would not see it: main.go, new file.go" in run()[1]


def test_without_a_docker_engine_it_says_so(
    run: Callable[[], tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = mock.Mock(side_effect=docker.errors.DockerException("no socket"))
    monkeypatch.setattr(docker, "from_env", failing)
    code, said = run()
    assert (code, "no Docker engine answers (no socket)" in said) == (1, True)


def test_the_version_is_the_one_that_ci_will_give(folder: Path) -> None:
    sha = _git(folder, "rev-parse", "HEAD")[:7]
    assert version_of_copy(folder) == f"0.0.0+1.g{sha}"
    _git(folder, "tag", "v1.2.0")
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
    _git(moved, "remote", "add", "origin", project.repository.url)
    assert choose_project({"shortener": project}, moved) is project
    with pytest.raises(PackageRefused, match="there is no project 'shrotener'"):
        choose_project(both, moved, "shrotener")


def test_a_folder_that_is_not_there_is_named(project: Project, tmp_path: Path) -> None:
    with pytest.raises(PackageRefused, match="there is no folder"):
        choose_project({"shortener": project}, tmp_path / "absent", "shortener")


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
    _build(folder)
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
