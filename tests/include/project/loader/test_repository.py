"""Where a project's commits come from: urls, credentials, branches, tags and submodules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.project.loader import load_project
from tests.include.project.loader.files import GOOD, URL, broken, line_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://ada:hunter2@git.example.com/r", "write 'https://git.example.com/r'"),
        ("https://hunter2@git.example.com/r", "into an Airflow connection"),
        ("HTTPS://ada:hunter2@git.example.com/r", "write 'https://git.example.com/r'"),
        ("ssh://git:hunter2@git.example.com/r", "write 'ssh://git@git.example.com/r'"),
        ("file:///etc", "is not a repository URL"),
    ],
)
def test_a_login_in_a_url_is_refused_and_not_shown(tmp_path: Path, url: str, said: str) -> None:
    text = broken(tmp_path, URL, f"url: {url}")
    assert f"shop.yaml:{line_of(URL)}:8: repository.url: " in text
    assert said in text
    assert "hunter2" not in text


@pytest.mark.parametrize("value", ["token", "5", "[token]"])
def test_a_login_in_a_submodules_url_is_refused_and_not_shown(tmp_path: Path, value: str) -> None:
    place = "https://ada:hunter2@git.example.com/"
    text = broken(tmp_path, URL, f"{URL}\n  submodules: {{'{place}': {value}}}")
    assert "holds a login" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "more",
    [
        "connection: token",
        "submodules: {'http://git.example.com/': token}",
        "submodules: {'git://git.example.com/': token}",
    ],
)
def test_a_connection_for_what_is_not_encrypted_is_refused(tmp_path: Path, more: str) -> None:
    assert "is not encrypted" in broken(tmp_path, URL, f"{URL}\n  {more}")


def test_further_branches_tags_and_submodules(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    more = "branches: [release/*, hotfix/**]\n  tags: ['v*', stable]"
    private = "submodules: {'https://git.example.com/org/': token, 'git@git.example.com:org/': key}"
    path.write_text(GOOD.replace(URL, f"{URL}\n  {more}\n  {private}"))
    found = load_project(path).repository
    assert (found.branches, found.tags) == (("release/*", "hotfix/**"), ("v*", "stable"))
    assert found.submodules["git@git.example.com:org/"] == "key"


@pytest.mark.parametrize(
    "more",
    [
        "branches: [refs/heads/main]",
        "tags: ['refs/tags/*']",
        "branches: ['a..b']",
        "tags: ['']",
        "branches: ['-x']",
        "branches: ['re[ab]']",
        "tags: ['v 1']",
    ],
)
def test_a_pattern_that_no_ref_can_match_is_refused(tmp_path: Path, more: str) -> None:
    assert "is not the name of a branch or tag" in broken(tmp_path, URL, f"{URL}\n  {more}")
