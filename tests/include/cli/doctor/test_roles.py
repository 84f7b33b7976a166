from __future__ import annotations

from pathlib import Path

from include.cli.doctor.roles import role_errors
from include.project.loader import PROJECTS, load_project
from include.project.model import Project

ROOT = Path(__file__).resolve().parents[4]
GOOD = (PROJECTS / "guestbook.yaml").read_text()


def _project(tmp_path: Path, machine: str) -> Project:
    path = tmp_path / "guestbook.yaml"
    path.write_text(GOOD.replace("retention:", f"machine: {machine}\nretention:"))
    return load_project(path)


def _said(tmp_path: Path, machine: str) -> list[str]:
    return [str(one) for one in role_errors([_project(tmp_path, machine)], ROOT)]


def test_what_is_in_the_tree_is_right(tmp_path: Path) -> None:
    assert _said(tmp_path, "{roles: [nginx], variables: {nginx_port: 81, swap: 1G}}") == []
    assert list(role_errors([load_project(PROJECTS / "guestbook.yaml")], ROOT)) == []


def test_what_is_not_is_said_once_for_all_environments(tmp_path: Path) -> None:
    (said,) = _said(tmp_path, "{roles: [ngnix]}")
    assert "guestbook: machine.roles: there is no role 'ngnix'" in said
    assert "did you mean 'nginx'?" in said
    (said,) = _said(tmp_path, "{roles: [nginx], variables: {nginx_prt: 81}}")
    assert "machine.variables: no role knows 'nginx_prt'; did you mean 'nginx_port'?" in said
