"""A project begun of a real repository."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest
import yaml

from include.cli import pipelines
from include.cli.new.begin import Begun, begin, main, told
from include.cli.new.errors import CopyRefused, ProjectTaken
from include.cli.new.files import Wanted, project_file, repository_files
from include.cli.new.findings import Findings, Language, look
from include.cli.new.starters import starter_of
from include.project.loader import load_project
from tests.fakes.git_server import Repository

GO = {
    "go.mod": "module example.org/shop\n\ngo 1.22.4\n",
    "cmd/shop/main.go": "package main\nfunc main() {}\n",
    "cmd/tool/main.go": "package main\nfunc main() {}\n",
    "shop_test.go": "package shop\n",
}
PYTHON = {
    "requirements.txt": "flask\n",
    "requirements-dev.txt": "pytest\n",
    "shop/__init__.py": "",
    "shop/__main__.py": "print('hello')\n",
    "tests/test_shop.py": "def test_it(): pass\n",
}
PLAIN = {"shop.py": "print('hello')\n", "test_shop.py": "import unittest\n"}
NODE = {
    "package.json": json.dumps(
        {"main": "server.js", "dependencies": {"express": "4"}, "scripts": {"test": "node --test"}}
    ),
    "package-lock.json": "{}",
    "server.js": "",
    "lib/shop.js": "",
}
OTHER = {"Main.java": "class Main {}\n"}
KINDS = {"go": GO, "python": PYTHON, "plain": PLAIN, "node": NODE, "other": OTHER}


def fill(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Slipway's folder, with room beside it."""
    (tmp_path / "slipway" / "projects").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "slipway")
    return tmp_path


def new(place: Path, repository: str, **given: str) -> Begun:
    return begin("shop", repository, projects=place / "slipway" / "projects", **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_right_for_each_language(
    kind: str, place: Path, repository: Repository
) -> None:
    fill(repository.path, KINDS[kind])
    repository.commit("Begin")
    begun = new(place, repository.url)
    assert begun.folder == place / "shop"
    project = load_project(begun.file)
    assert (project.name, project.repository.url) == ("shop", repository.url)
    out = io.StringIO()
    assert pipelines.lint_files([begun.folder], trusted=False, strict=True, out=out) == 0, out
    nfpm = yaml.safe_load((begun.folder / project.package.nfpm).read_text())
    assert nfpm["name"] == "shop"
    [unit] = [one["src"] for one in nfpm["contents"] if one["src"].endswith(".service")]
    assert (begun.folder / unit).name == project.package.unit
    packed = {one["src"] for one in nfpm["contents"]}
    built = set(project.package.built)
    assert built <= packed
    for one in packed - built:
        assert (begun.folder / one).exists(), one
    compile((begun.folder / "fabfile.py").read_text(), "fabfile.py", "exec")
    assert len((begun.folder / "fabfile.py").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("kind", "start", "image", "tested"),
    [
        ("go", "/usr/bin/shop", "golang:1.22", "go test ./..."),
        ("python", "/usr/bin/python3 -m shop", "python:3.11", "python -m pytest"),
        ("plain", "/usr/bin/python3 /usr/share/shop/shop.py", "python:3.11", "python -m unittest"),
        ("node", "/usr/bin/node /usr/share/shop/server.js", "node:18", "npm test"),
    ],
)
def test_the_program_and_its_tests_are_found(
    kind: str, start: str, image: str, tested: str, tmp_path: Path
) -> None:
    found = look(fill(tmp_path, KINDS[kind]), "shop")
    wanted = Wanted(name="shop", url="https://git.example.org/shop.git", branch="main")
    files = repository_files(wanted, found, starter_of(found, "shop"))
    assert f"ExecStart={start}\n" in files["packaging/shop.service"]
    assert f"image: {image}\n" in files[".drone.yml"]
    assert tested in files[".drone.yml"]


def test_a_module_that_is_started_finds_itself_where_it_is_installed(tmp_path: Path) -> None:
    found = look(fill(tmp_path, {**PLAIN, "shop/__init__.py": "", "shop/__main__.py": ""}), "shop")
    wanted = Wanted(name="shop", url="https://git.example.org/shop.git", branch="main")
    unit = repository_files(wanted, found, starter_of(found, "shop"))["packaging/shop.service"]
    assert "WorkingDirectory=/usr/share/shop\n" in unit


def test_nothing_that_is_there_is_written_over(place: Path, repository: Repository) -> None:
    own = {".drone.yml": "# mine\n", "deploy/shop.service": "# mine\n", "fabfile.py": "# mine\n"}
    fill(repository.path, {**GO, **own})
    repository.commit("Begin")
    begun = new(place, repository.url)
    for path in own:
        assert (begun.folder / path).read_text() == "# mine\n"
        assert path not in begun.written
        assert path in begun.kept
    nfpm = yaml.safe_load((begun.folder / "packaging/nfpm.yaml").read_text())
    assert "deploy/shop.service" in [one["src"] for one in nfpm["contents"]]
    before = begun.file.read_text()
    with pytest.raises(ProjectTaken, match="already"):
        new(place, repository.url)
    assert begun.file.read_text() == before


def test_a_project_of_the_name_in_another_file_is_in_the_way(
    place: Path, repository: Repository
) -> None:
    fill(repository.path, GO)
    repository.commit("Begin")
    begun = new(place, repository.url)
    begun.file.rename(begun.file.with_name("other.yaml"))
    with pytest.raises(ProjectTaken, match="already"):
        new(place, repository.url)


def test_a_dangling_link_is_not_written_through(place: Path, repository: Repository) -> None:
    fill(repository.path, PLAIN)
    repository.commit("Begin")
    evil = place / "evil"
    (place / "slipway" / "projects" / "shop.yaml").symlink_to(evil)
    with pytest.raises(ProjectTaken):
        new(place, repository.url)
    assert not evil.exists()


def test_a_repository_leads_nothing_out_of_its_folder(
    place: Path, repository: Repository, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    copy = place / "copy"
    fill(repository.path, PLAIN)
    repository.commit("Begin")
    subprocess.run(["git", "clone", "-q", repository.url, copy], check=True)
    (copy / "packaging").symlink_to(outside)
    (copy / ".drone.yml").symlink_to(outside / "gone")
    begun = new(place, str(copy))
    assert list(outside.iterdir()) == []
    assert "fabfile.py" in begun.written


def test_the_folder_of_somebody_else_is_left_alone(place: Path, repository: Repository) -> None:
    fill(repository.path, GO)
    repository.commit("Begin")
    (place / "shop").mkdir()
    (place / "shop" / "mine").write_text("mine")
    with pytest.raises(CopyRefused, match="no working copy"):
        new(place, repository.url)
    assert not (place / "slipway" / "projects" / "shop.yaml").exists()


def test_a_working_copy_is_taken_as_it_is(place: Path, repository: Repository) -> None:
    fill(repository.path, GO)
    repository.commit("Begin")
    copy = place / "mine"
    subprocess.run(["git", "clone", "-q", repository.url, copy], check=True)
    assert new(place, str(copy)).folder == copy


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/owned",
        "--upload-pack=touch /tmp/owned",
        "https://user:secret@example.org/x.git",
        "/nowhere",
        "file:///etc",
    ],
)
def test_a_url_that_git_would_run_or_leak_is_refused(url: str, place: Path) -> None:
    with pytest.raises(CopyRefused) as refused:
        new(place, url)
    assert "secret" not in str(refused.value)
    assert not (place / "shop").exists()


def test_a_repository_that_is_not_there_leaves_nothing(place: Path, repository: Repository) -> None:
    with pytest.raises(CopyRefused, match="cannot be cloned"):
        new(place, f"{repository.url}-not")
    assert list((place / "slipway" / "projects").iterdir()) == []


@pytest.mark.parametrize("name", ["Shop", "../shop", "", "x" * 50, "commits", "shop.prod", "a"])
def test_a_name_that_is_none_is_told(
    name: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    projects = place / "slipway" / "projects"
    assert main(out, name, "https://example.org/x.git", projects=projects) == 2
    assert "what to do" in out.getvalue()


def test_texts_of_a_repository_stay_texts(tmp_path: Path) -> None:
    found = Findings(language=Language.OTHER, nfpm='a"b: {x}', unit="x y.service")
    wanted = Wanted(name="shop", url="https://git.example.org/a%20b.git", branch="a: b #c")
    read = yaml.safe_load(project_file(wanted, found, starter_of(found, "shop")))
    assert read["package"]["nfpm"] == 'a"b: {x}'
    assert read["repository"]["branch"] == "a: b #c"


def test_migrations_bring_a_database(place: Path, repository: Repository) -> None:
    fill(repository.path, {**PLAIN, "db/migrations/1_a.sql": "-- +goose Up\nSELECT 1;\n"})
    repository.commit("Begin")
    project = load_project(new(place, repository.url).file)
    assert project.migrations is not None
    assert project.migrations.directory == "db/migrations"
    assert project.environments["dev"].database == "shop_dev"


def test_what_is_left_to_do_is_told(place: Path, repository: Repository) -> None:
    fill(repository.path, OTHER)
    repository.commit("Begin")
    said = "\n".join(told(new(place, repository.url), "shop"))
    assert "its language is not known here" in said
    assert "fab check shop" in said
    assert "it has no tests" not in said
