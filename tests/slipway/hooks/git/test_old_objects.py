"""Histories as old programs and converters have left them, and what only an attack looks like."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from typing import IO, TYPE_CHECKING

import pytest

from slipway.exceptions import RefNotFound, RepositoryDamaged
from slipway.hooks.git.mirror import GitMirror
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    from pathlib import Path

PERSON = b"A <a@b> 1700000000 +0000"
OLD = {
    "badTimezone": (b"A <a@b> 1700000000 -700", PERSON),
    "missingSpaceBeforeDate": (b"A <a@b>1700000000 +0000", PERSON),
    "missingSpaceBeforeEmail": (b"A<a@b> 1700000000 +0000", PERSON),
    "missingNameBeforeEmail": (b"<a@b> 1700000000 +0000", PERSON),
    "missingEmail": (b"A", PERSON),
    "badEmail": (b"A <a@b<c> 1700000000 +0000", PERSON),
    "badName": (b"A> <a@b> 1700000000 +0000", PERSON),
    "badDate": (b"A <a@b> then +0000", b"A <a@b> then +0000"),
    "badDateOverflow": (b"A <a@b> 99999999999999999999 +0000", PERSON),
    "zeroPaddedDate": (b"A <a@b> 01700000000 +0000", PERSON),
    "multipleAuthors": (PERSON + b"\nauthor " + PERSON, PERSON),
}


def _object(repository: Repository, kind: str, content: bytes) -> str:
    made = subprocess.run(
        ["git", "hash-object", "-t", kind, "-w", "--literally", "--stdin"],
        cwd=repository.path,
        input=content,
        check=True,
        capture_output=True,
    )
    return made.stdout.decode().strip()


def _old_commit(repository: Repository, tree: str, author: bytes, committer: bytes) -> str:
    """Put a commit under the branch, and a good one on top."""
    raw = f"tree {tree}\nauthor ".encode() + author + b"\ncommitter " + committer + b"\n\nold"
    old = _object(repository, "commit", raw)
    sha = repository.git("commit-tree", "-p", old, "-m", "new", repository.git("write-tree"))
    repository.git("update-ref", "refs/heads/main", sha)
    return old


def _entry(mode: str, name: str, sha: str) -> bytes:
    return f"{mode} {name}\0".encode() + bytes.fromhex(sha)


@pytest.mark.parametrize("mistake", OLD)
def test_an_old_mistake_in_a_commit_is_taken_as_git_takes_it_and_said(
    repository: Repository, tmp_path: Path, mistake: str, caplog: pytest.LogCaptureFixture
) -> None:
    repository.commit(readme="x")
    old = _old_commit(repository, repository.git("write-tree"), *OLD[mistake])
    mirror = GitMirror(url=repository.url, root=tmp_path)
    sha = mirror.find("main").sha
    assert mirror.line("main") == [sha, old]
    assert f"{old}: {mistake}" in caplog.text
    assert mirror.commit(old).message == "old"
    mirror.workspace(old, branch="main").close()
    mirror.archive(old).close()


def test_an_old_mistake_in_a_tree_is_taken_as_git_takes_it(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit(readme="x")
    blob = repository.git("rev-parse", "HEAD:readme")
    folder = _object(repository, "tree", _entry("100644", "readme", blob))
    tree = _object(
        repository, "tree", _entry("040000", "folder", folder) + _entry("100664", "readme", blob)
    )
    old = _old_commit(repository, tree, PERSON, PERSON)
    mirror = GitMirror(url=repository.url, root=tmp_path)
    mirror.find("main")
    assert mirror.read(old, "folder/readme") == b"x"


def test_an_old_mistake_in_a_submodule_is_taken_as_git_takes_it(
    repository: Repository, daemon: tuple[Path, str], tmp_path: Path
) -> None:
    library = Repository(daemon[0] / "old-library", f"{daemon[1]}/old-library")
    library.commit(code="x")
    _old_commit(library, library.git("write-tree"), *OLD["badTimezone"])
    pinned = library.git("rev-parse", "main")
    repository.commit(_dot_gitmodules='[submodule "lib"]\n\tpath = lib\n\turl = ../old-library\n')
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},lib")
    repository.git("commit", "--quiet", "-m", "vendor")
    mirror = GitMirror(url=repository.url, root=tmp_path)
    head = repository.git("rev-parse", "HEAD")
    with mirror.archive(head) as tar, tarfile.open(fileobj=tar) as archive:
        assert "lib/code" in archive.getnames()


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        (".git", "hasDotgit"),
        (".GIT", "hasDotgit"),
        ("git~1", "hasDotgit"),
        ("..", "hasDotdot"),
        (".", "hasDot"),
        ("a/b", "fullPathname"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused_with_its_object(
    repository: Repository, tmp_path: Path, name: str, mistake: str
) -> None:
    repository.commit(readme="x")
    blob = repository.git("rev-parse", "HEAD:readme")
    tree = _object(repository, "tree", _entry("100644", name, blob))
    _old_commit(repository, tree, PERSON, PERSON)
    with pytest.raises(RepositoryDamaged, match=f"object {tree}: {mistake}") as refused:
        GitMirror(url=repository.url, root=tmp_path).find("main")
    assert "coming back" not in refused.value.advice


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ('[submodule "../x"]\n\tpath = x\n\turl = u\n', "gitmodulesName"),
        ('[submodule "x"]\n\tpath = -x\n\turl = u\n', "gitmodulesPath"),
        ('[submodule "x"]\n\tpath = x\n\turl = u\n\tupdate = !id\n', "gitmodulesUpdate"),
        ('[submodule "x"]\n\tpath = x\n\turl = https://a/%0ahost=b\n', "gitmodulesUrl"),
    ],
)
def test_a_trick_with_submodules_is_refused_with_its_object(
    repository: Repository, tmp_path: Path, content: str, mistake: str
) -> None:
    repository.commit(_dot_gitmodules=content)
    blob = repository.git("rev-parse", "HEAD:.gitmodules")
    with pytest.raises(RepositoryDamaged, match=f"object {blob}: {mistake}"):
        GitMirror(url=repository.url, root=tmp_path).find("main")


def _twice(repository: Repository, *modes: str) -> str:
    repository.commit(readme="/etc", folder__x="x")
    blob = repository.git("rev-parse", "HEAD:readme")
    folder = repository.git("rev-parse", "HEAD:folder")
    entries = [_entry(mode, "name", folder if mode == "40000" else blob) for mode in modes]
    tree = _object(repository, "tree", b"".join(entries))
    return _old_commit(repository, tree, PERSON, PERSON)


@pytest.mark.parametrize("modes", [("100644", "100644"), ("120000", "40000"), ("40000", "40000")])
def test_two_things_of_one_name_are_history_but_are_not_built(
    repository: Repository, tmp_path: Path, modes: tuple[str, ...]
) -> None:
    """A link and a folder of one name would write through the link where they are unpacked."""
    old = _twice(repository, *modes)
    mirror = GitMirror(url=repository.url, root=tmp_path)
    assert mirror.line("main")[-1] == old
    packings: list[Callable[[], IO[bytes]]] = [
        lambda: mirror.archive(old),
        lambda: mirror.archive(old, "name"),
        lambda: mirror.workspace(old, branch="main"),
    ]
    for packed in packings:
        with pytest.raises(RepositoryDamaged, match="name twice"):
            packed()


def test_tags_of_early_days_are_history_and_stop_nothing(
    repository: Repository, tmp_path: Path
) -> None:
    """Without a tagger, of a tree, of a file, of a tag, and with a name that no ref has."""
    sha = repository.commit(readme="x")
    tree, blob = (repository.git("rev-parse", f"HEAD{at}") for at in ("^{tree}", ":readme"))
    repository.git("tag", "v1.0.0")

    def tag(ref: str, of: str, kind: str, name: str) -> None:
        made = _object(repository, "tag", f"object {of}\ntype {kind}\ntag {name}\n\nold\n".encode())
        repository.git("update-ref", f"refs/tags/{ref}", made)

    for ref, of, kind in (("of-tree", tree, "tree"), ("of-blob", blob, "blob")):
        tag(ref, of, kind, ref)
        repository.git("update-ref", f"refs/tags/light-{ref}", of)
    tag("v2.0.0", sha, "commit", "no ref..name")
    repository.git("tag", "-a", "-m", "x", "v3.0.0", "v2.0.0")
    mirror = GitMirror(url=repository.url, root=tmp_path)
    assert mirror.find("main").sha == mirror.find("v3.0.0").sha == sha
    assert mirror.version(sha).name == f"3.0.0+0.g{sha[:7]}"
    assert "refs/heads/main" in mirror.refs.containing(sha)
    assert {"refs/tags/v1.0.0", "refs/tags/v2.0.0"} <= set(mirror.refs.tags_on(sha))
    with pytest.raises(RefNotFound, match="names no commit"):
        mirror.find("of-tree")
    for depth in (0, 1):
        mirror.workspace(sha, branch="main", depth=depth).close()
