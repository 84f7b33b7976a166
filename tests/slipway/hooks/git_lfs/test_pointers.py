"""A pointer of Git LFS is 130 bytes of text, and never the file that it stands for."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import LargeFilesElsewhere
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.git.tree import entries_of
from slipway.hooks.git_lfs.pointers import find_pointers
from slipway.model.git.large_files import LargeFiles
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    from pathlib import Path

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 7752479\n"
FILTER = "filter=lfs diff=lfs merge=lfs -text"


@pytest.fixture
def mirror(repository: Repository, tmp_path: Path) -> GitMirror:
    return GitMirror(url=repository.url, root=tmp_path / "mirrors")


def _refused(mirror: GitMirror, sha: str) -> str:
    """Refused for the workspace and for the package alike; returns what is said.

    git:// knows no LFS, so there is nowhere to fetch from.
    """
    with pytest.raises(LargeFilesElsewhere) as refused:
        mirror.archive(sha)
    with pytest.raises(LargeFilesElsewhere):
        mirror.workspace(sha, branch="main")
    return refused.value.message


def _found(mirror: GitMirror, sha: str) -> list[str]:
    entries = entries_of(mirror._store.local, sha)
    return sorted(find_pointers(mirror._store.path, sha, entries))


def test_a_commit_with_pointers_is_refused_by_name_where_there_is_nothing_to_fetch(
    repository: Repository, mirror: GitMirror
) -> None:
    sha = repository.commit(
        _dot_gitattributes=f"*.bin {FILTER}\n", model_dot_bin=POINTER, web__logo_dot_bin=POINTER
    )
    said = _refused(mirror, sha)
    assert said.startswith("model.bin lies in Git LFS, and cannot be fetched from git://")
    assert _found(mirror, sha) == ["model.bin", "web/logo.bin"]


@pytest.mark.parametrize(
    ("attributes", "pointer"),
    [
        ("[attr]large " + FILTER + "\n*.bin large\n", POINTER),
        ("* filter=lfs\n.gitattributes -filter\n", POINTER),
        ("*.bin " + FILTER, POINTER.replace("git-lfs.github.com", "hawser.github.com")),
        ("*.bin filter=lfs", f"version http://git-media.io/v/2\noid sha256:{'a' * 64}\nsize 1\n"),
        ("*.bin " + FILTER, "\n" + POINTER),
        ("*.bin " + FILTER, POINTER.replace("\n", "\r\n")),
        ("#" * 70_000 + "\n*.bin filter=lfs", POINTER),
    ],
)
def test_a_pointer_is_one_however_it_is_written_and_marked(
    repository: Repository, mirror: GitMirror, attributes: str, pointer: str
) -> None:
    sha = repository.commit(_dot_gitattributes=attributes, model_dot_bin=pointer)
    assert "model.bin" in _refused(mirror, sha)


@pytest.mark.parametrize(
    "pointer",
    [
        POINTER.replace("oid", f"ext-0-x sha256:{'b' * 64}\noid"),
        POINTER.replace("sha256", "sha512"),
        POINTER.replace("a" * 64, "../" * 20 + "aaaa"),
        POINTER.replace("size 7752479", "size -1"),
        POINTER.replace("size 7752479", "size " + "9" * 300),
    ],
)
def test_a_pointer_of_a_kind_that_nobody_knows_is_refused_by_name(
    repository: Repository, mirror: GitMirror, pointer: str
) -> None:
    sha = repository.commit(_dot_gitattributes=f"*.bin {FILTER}\n", model_dot_bin=pointer)
    assert "model.bin lies in Git LFS, by a pointer of a kind" in _refused(mirror, sha)


def test_attributes_of_a_folder_count(repository: Repository, mirror: GitMirror) -> None:
    sha = repository.commit(
        _dot_gitattributes="*.txt text\n", data___dot_gitattributes=f"* {FILTER}\n", data__x=POINTER
    )
    assert "data/x" in _refused(mirror, sha)


def test_what_only_looks_like_a_pointer_is_a_file(
    repository: Repository, mirror: GitMirror
) -> None:
    repository.commit(
        _dot_gitattributes=f"*.bin {FILTER}\nplain.bin -filter\nother.bin filter=other\n",
        real_dot_bin="as it was before LFS",
        plain_dot_bin=POINTER,
        other_dot_bin=POINTER,
        pointer_dot_txt=POINTER,
        long_dot_bin=POINTER + "x" * 1024,
        empty_dot_bin="",
    )
    (repository.path / "link.bin").symlink_to("version https://git-lfs.github.com/spec/v1")
    sha = repository.commit()
    mirror.archive(sha).close()
    mirror.workspace(sha, branch="main").close()


def test_pointers_in_a_submodule_are_refused_with_its_name(
    repository: Repository, mirror: GitMirror, daemon: tuple[Path, str]
) -> None:
    library = Repository(daemon[0] / "lfs-library", f"{daemon[1]}/lfs-library")
    pinned = library.commit(_dot_gitattributes=f"*.bin {FILTER}\n", model_dot_bin=POINTER)
    repository.commit(_dot_gitmodules='[submodule "lib"]\n\tpath = lib\n\turl = ../lfs-library\n')
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},lib")
    repository.git("commit", "--quiet", "-m", "vendor")
    said = _refused(mirror, repository.git("rev-parse", "HEAD"))
    assert said.startswith("submodule lib: model.bin lies in Git LFS")


def test_a_folder_without_pointers_is_taken_beside_one_with_them(
    repository: Repository, mirror: GitMirror
) -> None:
    sha = repository.commit(
        _dot_gitattributes=f"*.bin {FILTER}\n",
        model_dot_bin=POINTER,
        migrations__1_dot_sql="x",
        migrations2__data_dot_bin=POINTER,
    )
    mirror.archive(sha, "migrations").close()
    with pytest.raises(LargeFilesElsewhere, match=r"migrations2/data\.bin"):
        mirror.archive(sha, "migrations2")


def test_who_wants_the_pointers_gets_them_and_is_told(
    repository: Repository, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mirror = GitMirror(
        url=repository.url, root=tmp_path / "mirrors", large_files=LargeFiles.POINTERS
    )
    sha = repository.commit(_dot_gitattributes=f"*.bin {FILTER}\n", model_dot_bin=POINTER)
    with mirror.archive(sha) as tar, tarfile.open(fileobj=tar) as archive:
        content = archive.extractfile("model.bin")
        assert content is not None
        assert content.read() == POINTER.encode()
    assert f"files of {sha[:7]} stay pointers of Git LFS: model.bin" in caplog.text


def test_names_that_are_not_utf_8_are_found_as_well(
    repository: Repository, mirror: GitMirror
) -> None:
    sha = repository.commit(_dot_gitattributes=f"* {FILTER}\n", **{"caf\udce9": POINTER})
    assert "caf<U+DCE9>" in _refused(mirror, sha)


def test_thousands_of_files_are_looked_through_in_seconds(
    repository: Repository, mirror: GitMirror
) -> None:
    files = {f"f{n}_dot_bin": f"{n}" for n in range(12_000)}
    sha = repository.commit(_dot_gitattributes=f"*.bin {FILTER}\n", z_dot_bin=POINTER, **files)
    assert "z.bin lies in Git LFS" in _refused(mirror, sha)
