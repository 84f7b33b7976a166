"""Which of a project's caches a commit's run may touch at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from slipway.hooks.git.connection import git_mirror
from slipway.model.cache import CachedPath
from slipway.tasks.pipeline.caches import pipeline_caches
from tests.slipway.operators.run_pipeline.operators import checkout_of

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.usefixtures("artifacts")


def opened(
    repository: Repository, files: Mapping[str, str], *wanted: CachedPath
) -> tuple[tuple[str, ...], list[str]]:
    """Open the caches of a commit with these files."""
    for path, content in files.items():
        place = repository.path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    sha = repository.commit()
    log: list[str] = []
    mirror = git_mirror(repository.url, None)
    mirror.find("main")
    found = pipeline_caches(mirror, checkout_of(repository, sha), wanted, log.append)
    return tuple(found.paths) if found else (), log


def one(path: str, *key: str) -> CachedPath:
    return CachedPath(path=path, key=key or ("lock",))


def test_nothing_is_opened_where_nothing_is_wanted(repository: Repository) -> None:
    assert opened(repository, {}) == ((), [])


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("src", "src"),
        ("src/a", "src/a"),
        ("src/a/b", "src/a"),
        ("src/a/b/c/d", "src/a"),
    ],
)
def test_a_folder_with_files_of_the_commit_is_left_alone(
    repository: Repository, path: str, what: str
) -> None:
    """It would bring back what a later commit has removed."""
    paths, log = opened(repository, {"lock": "1", "src/a": "x"}, one(path))
    assert paths == ()
    assert log == [
        f"cache {path}: {what} belongs to the commit, so name a folder that the steps make; "
        "nothing is restored or kept"
    ]


def test_a_folder_beside_the_commits_own_is_kept(repository: Repository) -> None:
    paths, log = opened(repository, {"lock": "1", "src/a": "x"}, one("src/b"), one("/root/.m2"))
    assert (paths, log) == (("src/b", "/root/.m2"), [])


def test_a_key_file_that_is_not_there_is_said(repository: Repository) -> None:
    paths, log = opened(repository, {"lock": "1"}, one("vendor", "lock", "go.sum"), one("web"))
    assert paths == ("web",)
    assert log == [
        "cache vendor: the commit has no file go.sum; nothing is restored or kept",
    ]
