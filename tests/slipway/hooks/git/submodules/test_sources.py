from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import RepositoryDamaged, RepositoryRefused, RepositoryTooLarge
from slipway.hooks.git import files
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.git.submodules import sources
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def mirror(repository: Repository, tmp_path: Path) -> GitMirror:
    return GitMirror(url=repository.url, root=tmp_path / "mirrors")


def _vendor(parent: Repository, *modules: tuple[str, str, str]) -> str:
    """Commit submodules: path, URL and sha of each."""
    for path, _, pinned in modules:
        parent.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},{path}")
    (parent.path / ".gitmodules").write_text(
        "".join(f'[submodule "{p}"]\n\tpath = {p}\n\turl = {url}\n' for p, url, _ in modules)
    )
    parent.git("add", ".gitmodules")
    parent.git("commit", "--quiet", "-m", "vendor")
    return parent.git("rev-parse", "HEAD")


def _files(mirror: GitMirror, sha: str) -> dict[str, bytes]:
    with mirror.archive(sha) as tar, tarfile.open(fileobj=tar) as archive:
        members = [member for member in archive if member.isfile()]
        return {member.name: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]


def test_submodules_of_submodules_are_part_of_the_tree(
    repository: Repository, mirror: GitMirror, daemon: tuple[Path, str]
) -> None:
    base, url = daemon
    inner = Repository(base / "inner", f"{url}/inner")
    library = Repository(base / "library", f"{url}/library")
    deep = inner.commit(deep="deep")
    library.commit(code="old")
    pinned = _vendor(library, ("in", inner.url, deep))
    library.commit(code="new")
    sha = _vendor(repository, ("vendor/lib", "../library", pinned))
    found = _files(mirror, sha)
    assert sorted(found) == [
        ".gitmodules",
        "vendor/lib/.gitmodules",
        "vendor/lib/code",
        "vendor/lib/in/deep",
    ]
    assert found["vendor/lib/code"] == b"old"
    assert mirror.archive(sha).read() == mirror.archive(sha).read()


def test_submodules_that_point_at_their_own_past_do_not_double_for_ever(
    repository: Repository, mirror: GitMirror
) -> None:
    sha = repository.commit(readme="x")
    for _ in range(12):
        sha = _vendor(repository, ("a", repository.url, sha), ("b", repository.url, sha))
    with pytest.raises(RepositoryTooLarge, match=r"in more than 8 others|more than the 200"):
        mirror.archive(sha)


def test_a_chain_of_submodules_ends(repository: Repository, mirror: GitMirror) -> None:
    sha = repository.commit(readme="x")
    for _ in range(8):
        sha = _vendor(repository, ("a", repository.url, sha))
    assert "a/a/a/a/a/a/a/a/readme" in _files(mirror, sha)
    sha = _vendor(repository, ("a", repository.url, sha))
    with pytest.raises(RepositoryTooLarge, match="in more than 8 others"):
        mirror.archive(sha)


def test_many_submodules_side_by_side_end(
    repository: Repository, mirror: GitMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_SUBMODULES", 10)
    sha = repository.commit(readme="x")
    sha = _vendor(repository, *((f"m{n:02}", repository.url, sha) for n in range(11)))
    with pytest.raises(RepositoryTooLarge, match="m10 is one submodule more than the 10"):
        mirror.archive(sha)


def test_zeros_in_submodules_count_together(
    repository: Repository, mirror: GitMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_FILES", 4 << 20)
    sha = repository.commit(zeros="0" * (1 << 20))
    sha = _vendor(repository, *((f"m{n}", repository.url, sha) for n in range(5)))
    said = "come to more than 4 MiB, with the submodule m3"
    with pytest.raises(RepositoryTooLarge, match=said):
        mirror.archive(sha)


@pytest.mark.parametrize("modules", [{}, {"_dot_gitmodules": '[submodule "lib"]\n\tpath = lib\n'}])
def test_a_repository_that_was_committed_by_accident_is_an_empty_folder_and_said(
    repository: Repository,
    mirror: GitMirror,
    caplog: pytest.LogCaptureFixture,
    modules: dict[str, str],
) -> None:
    """As in a plain clone."""
    repository.commit(readme="x", **modules)
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},lib")
    repository.git("commit", "--quiet", "-m", "no URL")
    sha = mirror.find("main").sha
    for tar in (mirror.archive(sha), mirror.workspace(sha, branch="main")):
        with tar, tarfile.open(fileobj=tar) as archive:
            members = {one.name.rstrip("/"): one for one in archive}
        assert members["lib"].isdir()
        assert "readme" in members
        assert not [name for name in members if name.startswith("lib/")]
    assert f"these folders of {sha[:7]} are empty" in caplog.text
    assert ": lib; add them with `git submodule add`" in caplog.text


@pytest.mark.parametrize("url", ["ext::sh -c id", "file:///etc", "/etc"])
def test_a_submodule_of_another_transport_is_refused(
    repository: Repository, mirror: GitMirror, url: str
) -> None:
    repository.commit()
    sha = _vendor(repository, ("lib", url, "a" * 40))
    with pytest.raises(RepositoryRefused, match="submodule lib: "):
        mirror.archive(sha)


def test_a_submodule_that_would_be_an_option_is_refused_with_its_repository(
    repository: Repository, mirror: GitMirror
) -> None:
    repository.commit()
    sha = _vendor(repository, ("lib", "--upload-pack=x", "a" * 40))
    with pytest.raises(RepositoryDamaged, match="disallowed submodule url"):
        mirror.find("main")
    with pytest.raises(RepositoryDamaged, match="disallowed submodule url"):
        mirror.archive(sha)
