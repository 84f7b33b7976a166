"""What lies in the folder of project files, however many people write there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from include.project import loader
from include.project.loader import PROJECTS, find_by_dag, load_projects
from include.project.model import Project

_SSH = "git@bitbucket.org:acme/whole"
GUESTBOOK = re.sub(
    r"(?m)^  (webhook|statuses|pull_requests|forge\w*): .*\n",
    "",
    (PROJECTS / "guestbook.yaml").read_text(),
)


def _write(path: Path, name: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(GUESTBOOK.replace("name: guestbook", f"name: {name}"))


def test_each_team_may_have_a_folder(tmp_path: Path) -> None:
    elsewhere = tmp_path / "clone-of-a-team"
    _write(elsewhere / "shop.yaml", "shop")
    folder = tmp_path / "projects"
    _write(folder / "blog.yml", "blog")
    _write(folder / "web" / "blog.yml", "weblog")
    (folder / "team").symlink_to(elsewhere)
    found = load_projects(folder)
    assert set(found.projects) == {"blog", "weblog", "shop"}
    assert set(found.by_file) == {"blog.yml", "web/blog.yml", "team/shop.yaml"}
    assert not found.errors


def test_a_mistake_names_the_team_s_folder(tmp_path: Path) -> None:
    _write(tmp_path / "web" / "shop.yaml", "shop")
    broken = tmp_path / "mail" / "shop.yaml"
    _write(broken, "mailshop")
    broken.write_text(broken.read_text().replace("owner:", "ower:"))
    found = load_projects(tmp_path)
    assert set(found.projects) == {"shop"}
    assert str(found.errors["mail/shop.yaml"]).startswith("mail/shop.yaml:")


@pytest.mark.parametrize("name", [".#shop.yaml", ".shop.yaml", ".git/shop.yaml"])
def test_what_is_hidden_is_left_alone(tmp_path: Path, name: str) -> None:
    _write(tmp_path / "shop.yaml", "shop")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("somebody@somewhere.1234")  # as an editor marks what it has open
    found = load_projects(tmp_path)
    assert (set(found.projects), found.errors) == ({"shop"}, {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name: caf\xe9\n", "shop.yaml: byte 10 is no UTF-8"),
        (b"name: shop\nowner: 2026-13-45\n", "shop.yaml:1:1: not valid YAML: month must be in"),
        (b"name: [shop\n", "shop.yaml:2:1: not valid YAML: expected ',' or ']'"),
        (b"name: !!python/object:os.system x\n", "could not determine a constructor"),
        (b"{name: shop, ? [a]: b}\n", "found unhashable key"),
        (b"", "shop.yaml:1:1: the file is empty"),
        (b"# nothing\n", "shop.yaml:1:1: the file is empty"),
    ],
)
def test_no_file_takes_another_project_with_it(tmp_path: Path, content: bytes, said: str) -> None:
    _write(tmp_path / "blog.yaml", "blog")
    (tmp_path / "shop.yaml").write_bytes(content)
    found = load_projects(tmp_path)
    assert set(found.projects) == {"blog"}
    assert said in str(found.errors["shop.yaml"])


def test_a_file_that_is_a_folder_or_leads_nowhere_is_said(tmp_path: Path) -> None:
    _write(tmp_path / "blog.yaml", "blog")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    found = load_projects(tmp_path)
    assert set(found.projects) == {"blog"}
    assert str(found.errors["folder.yaml"]).startswith("folder.yaml: the file cannot be read")
    assert str(found.errors["gone.yaml"]).startswith("gone.yaml: the file cannot be read")


def test_a_task_reads_its_own_project_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        _write(tmp_path / f"p{number}.yaml", f"project-{number}")
    _write(tmp_path / "other-name.yaml", "shop")
    read, load = list[str](), loader.load_project

    def noted(path: Path, file: str = "") -> Project:
        read.append(path.name)
        return load(path, file)

    monkeypatch.setattr(loader, "load_project", noted)
    found = find_by_dag("shop.prod", tmp_path)
    assert found is not None
    assert (found.name, read) == ("shop", ["other-name.yaml"])


def test_a_name_that_is_written_in_a_way_of_its_own_is_found(tmp_path: Path) -> None:
    _write(tmp_path / "shop.yaml", '"sh\\u006fp"')
    _write(tmp_path / "blog.yaml", "blog")
    found = find_by_dag("shop", tmp_path)
    assert found is not None
    assert found.name == "shop"
    assert find_by_dag("shops", tmp_path) is None


def test_a_broken_file_of_that_name_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: shop\n")
    _write(tmp_path / "b.yaml", "shop")
    found = find_by_dag("shop", tmp_path)
    assert found is not None
    assert found.name == "shop"


def test_a_process_that_reads_often_reads_what_changed(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    _write(path, "shop")
    kept = load_projects(tmp_path).projects["shop"]
    assert load_projects(tmp_path).projects["shop"] is kept
    before = path.stat()
    path.write_text(path.read_text().replace("owner: guestbook-team", "owner: the-shops-team"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert load_projects(tmp_path).projects["shop"].owner == "the-shops-team"


def test_a_task_knows_whether_another_project_shows_statuses_on_its_commits(
    tmp_path: Path,
) -> None:
    for name, statuses in (("shop", "true"), ("shop-mail", "true"), ("quiet", "false")):
        _write(tmp_path / f"{name}.yaml", name)
        text = (tmp_path / f"{name}.yaml").read_text()
        url = "https://bitbucket.org/acme/Whole.git" if name == "shop" else _SSH
        text = re.sub(r"(?m)^  url: .*$", f"  url: {url}", text)
        text = re.sub(r"(?m)^  branch: .*$", f"  connection: {name}\n  statuses: {statuses}", text)
        (tmp_path / f"{name}.yaml").write_text(text)
    read = load_projects(tmp_path)
    assert not read.errors
    for name in read.projects:
        own = find_by_dag(f"{name}.dev", tmp_path)
        assert own is not None
        assert own.shares_commits == read.projects[name].shares_commits == (name != "quiet")
