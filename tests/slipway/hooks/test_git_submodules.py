from __future__ import annotations

import tarfile
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import RepositoryDamaged, RepositoryRefused, RepositoryTooLarge
from slipway.hooks import git_mirror, git_submodules
from slipway.hooks.git_mirror import GitMirror
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
        ".gitmodules", "vendor/lib/.gitmodules", "vendor/lib/code", "vendor/lib/in/deep",
    ]  # fmt: skip
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
    monkeypatch.setattr(git_submodules, "MOST_SUBMODULES", 10)
    sha = repository.commit(readme="x")
    sha = _vendor(repository, *((f"m{n:02}", repository.url, sha) for n in range(11)))
    with pytest.raises(RepositoryTooLarge, match="m10 is one submodule more than the 10"):
        mirror.archive(sha)


def test_zeros_in_submodules_count_together(
    repository: Repository, mirror: GitMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_mirror, "MOST_FILES", 4 << 20)
    sha = repository.commit(zeros="0" * (1 << 20))
    sha = _vendor(repository, *((f"m{n}", repository.url, sha) for n in range(5)))
    said = "come to more than 4 MiB, with the submodule m3"
    with pytest.raises(RepositoryTooLarge, match=said):
        mirror.archive(sha)


def test_a_submodule_that_has_no_url_is_refused(repository: Repository, mirror: GitMirror) -> None:
    repository.commit()
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},lib")
    repository.git("commit", "--quiet", "-m", "no URL")
    with pytest.raises(RepositoryRefused, match=r"does not name: \['lib'\]"):
        mirror.archive(mirror.find("main").sha)


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


def _heaped(first: str, each: str, size: int) -> bytes:
    made, count = [first], 0
    while size > 0:
        made.append(each.format(count))
        size -= len(made[-1])
        count += 1
    return "".join(made).encode()


@pytest.mark.parametrize(
    "content",
    [
        _heaped("[DEFAULT]\n", "k{}=\n", 500_000) + _heaped("", "[s{}]\n", 500_000),
        _heaped("[a]\n", "k{}=\n", 1_000_000),
        _heaped("", "[s{}]\n", 1_000_000),
        _heaped("", '[submodule "{}"]\npath=x\n', 1_000_000),
        b'[submodule "' + b"n" * 400_000 + b'"]\n' + b"a=\n" * 200_000,
        b"[a]\npath=" + b"\\\n" * 500_000,
        b"[" * 1_000_000,
        b"\0" * 1_000_000,
        b"x" * ((1 << 20) + 1),
    ],
)
def test_a_file_of_submodules_that_explodes_takes_no_time(content: bytes) -> None:
    began = time.monotonic()
    with suppress(RepositoryRefused, RepositoryTooLarge):
        git_submodules.submodule_urls(content, "https://git.example.com/x.git")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("content", "limit"),
    [
        (b"x" * ((1 << 20) + 1), "larger than 1024 KiB"),
        (_heaped("", '[submodule "{}"]\npath=x\n', 50_000), "more than the 1000 submodules"),
        (b'[submodule "' + b"n" * 400_000 + b'"]\n' + b"a=\n" * 200, "more than 4 MiB"),
    ],
)
def test_the_limit_that_a_file_of_submodules_is_over_is_named(content: bytes, limit: str) -> None:
    with pytest.raises(RepositoryTooLarge, match=limit):
        git_submodules.submodule_urls(content, "https://git.example.com/x.git")


def test_a_file_of_submodules_is_read_as_git_reads_it() -> None:
    content = (
        b'[submodule "A.b"] ; odd\n\tPath = "a b"\n\turl = ../o.git # beside\n\tshallow\n'
        b"[include]\n\tpath = /etc/passwd\n"
    )
    found = git_submodules.submodule_urls(content, "https://git.example.com/x/y.git")
    assert found == {"a b": "https://git.example.com/x/o.git"}
    with pytest.raises(RepositoryRefused, match="cannot be read"):
        git_submodules.submodule_urls(b"[x\n", "https://git.example.com/x.git")
