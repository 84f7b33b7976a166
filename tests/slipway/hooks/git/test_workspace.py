"""What a step finds in its workspace, beside what `git clone` would have brought."""

from __future__ import annotations

import secrets
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.hooks.git import files as git_files
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.git.submodules import sources
from tests.fakes.git_server import IDENTITY, Repository


@pytest.fixture
def mirror(repository: Repository, tmp_path: Path) -> GitMirror:
    return GitMirror(url=repository.url, root=tmp_path / "mirrors")


@pytest.fixture
def unpack(mirror: GitMirror, tmp_path: Path) -> Callable[..., Callable[..., str]]:
    """Unpack a workspace, and give a way to run git in it."""
    count = iter(range(100))

    def unpacked(sha: str, branch: str = "main", **how: object) -> Callable[..., str]:
        work = tmp_path / f"work{next(count)}"
        with (
            mirror.workspace(sha, branch=branch, **how) as tar,  # type: ignore[arg-type]
            tarfile.open(fileobj=tar) as archive,
        ):
            archive.extractall(work, filter="fully_trusted")

        def git(*arguments: str, at: str = ".") -> str:
            done = subprocess.run(
                ["git", "-C", str(work / at), *arguments],
                check=True,
                capture_output=True,
                env=IDENTITY,
            )
            return done.stdout.decode(errors="surrogateescape").strip()

        return git

    return unpacked


Unpack = Callable[..., Callable[..., str]]


def _vendor(parent: Repository, path: str, name: str, url: str, pinned: str) -> str:
    parent.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},{path}")
    with (parent.path / ".gitmodules").open("a", errors="surrogateescape") as file:
        file.write(f'[submodule "{name}"]\n\tpath = {path}\n\turl = {url}\n')
    parent.git("add", ".gitmodules")
    parent.git("commit", "--quiet", "-m", "vendor")
    return parent.git("rev-parse", "HEAD")


def test_a_workspace_has_the_history_and_a_clean_status(
    repository: Repository, unpack: Unpack
) -> None:
    repository.commit(readme="one")
    repository.git("tag", "v1.0.0")
    sha = repository.commit(readme="two", run_dot_sh="x")
    for depth, commits in ((0, 2), (1, 1)):
        git = unpack(sha, depth=depth)
        assert git("status", "--porcelain") == ""
        assert git("rev-parse", "HEAD") == sha
        assert git("rev-parse", "--abbrev-ref", "HEAD") == "main"
        assert git("rev-list", "--count", "HEAD") == str(commits)
        assert git("remote", "get-url", "origin") == repository.url
        assert git("fsck") == ""
    assert unpack(sha)("describe", "--tags").startswith("v1.0.0-1-g")


def test_origins_branches_are_there_as_after_a_clone(
    repository: Repository, mirror: GitMirror, unpack: Unpack
) -> None:
    base = repository.commit(readme="one")
    repository.git("checkout", "--quiet", "-b", "release/1.4")
    release = repository.commit(fix="x")
    repository.git("checkout", "--quiet", "main")
    tip = repository.commit(readme="two")
    mirror.find("main")
    git = unpack(release, branch="release/1.4", main="main")
    assert git("diff", "--name-only", "origin/main...HEAD") == "fix"
    assert git("merge-base", "origin/main", "HEAD") == base
    assert git("rev-parse", "origin/main") == git("rev-parse", "origin/HEAD") == tip
    assert git("rev-parse", "--abbrev-ref", "@{upstream}") == "origin/release/1.4"
    assert git("rev-parse", "origin/release/1.4") == release
    old = unpack(base, main="main")
    assert old("rev-parse", "HEAD") == base
    assert old("rev-parse", "origin/main") == tip
    assert old("status", "--porcelain", "--branch") == "## main...origin/main [behind 1]"


@pytest.mark.parametrize("gone", ["gone", "release", "main/x"])
def test_a_branch_that_is_gone_from_the_server_stops_no_workspace(
    repository: Repository, unpack: Unpack, gone: str
) -> None:
    """Also where its name has become a part of another's, or another's a part of it."""
    sha = repository.commit(readme="one")
    repository.git("branch", "release/1.4")
    git = unpack(sha, branch="release/1.4", main=gone)
    assert git("rev-parse", "origin/HEAD") == sha
    git = unpack(sha, branch=gone)
    assert git("rev-parse", f"origin/{gone}") == sha


def test_a_short_history_has_its_tags_and_is_said_to_be_cut(
    repository: Repository, unpack: Unpack, caplog: pytest.LogCaptureFixture
) -> None:
    repository.commit(readme="0")
    repository.git("tag", "v0.9.0")
    for number in range(1, 7):
        repository.commit(readme=f"{number}")
        if number in (4, 5):
            repository.git("tag", "-a", "-m", "x", f"v1.{number}.0")
    repository.git("checkout", "--quiet", "-b", "elsewhere")
    repository.commit(other="x")
    repository.git("tag", "v9.0.0")
    sha = repository.git("rev-parse", "main")
    git = unpack(sha, depth=3)
    assert git("tag").split() == ["v1.4.0", "v1.5.0"]
    assert git("describe").startswith("v1.5.0-1-g")
    assert git("rev-list", "--count", "--all") == "3"
    assert "the history is cut: the last 3 commits, 2 tags; `clone: {depth: 1000}`" in caplog.text
    caplog.clear()
    assert unpack(sha, depth=1)("tag") == ""
    assert "without a tag that `git describe` could find" in caplog.text
    caplog.clear()
    assert unpack(sha, depth=20)("rev-list", "--count", "HEAD") == "7"
    assert "is cut" not in caplog.text


def test_a_very_large_history_is_cut_says_so_and_more_can_be_had(
    repository: Repository,
    unpack: Unpack,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sources, "LARGE", 1)
    monkeypatch.setattr(git_files, "_SHALLOW", 3)
    for number in range(6):
        sha = repository.commit(readme=f"{number}")
    repository.git("tag", "v1.0.0", "main~1")
    git = unpack(sha)
    assert git("rev-list", "--count", "HEAD") == "3"
    assert git("describe", "--tags").startswith("v1.0.0-1-g")
    assert "the history is cut: the last 3 commits, 1 tags" in caplog.text
    assert unpack(sha, depth=5)("rev-list", "--count", "HEAD") == "5"


def test_submodules_are_repositories(
    repository: Repository, daemon: tuple[Path, str], unpack: Unpack
) -> None:
    base, url = daemon
    library, inner = (Repository(base / f"w-{n}", f"{url}/w-{n}") for n in ("library", "inner"))
    deep = inner.commit(deep="x")
    library.commit(code="one")
    library.git("tag", "v3.0.0")
    pinned = _vendor(library, "in", "in", "../w-inner", deep)
    library.commit(code="later")
    repository.commit(readme="x")
    sha = _vendor(repository, "vendor/lib", 'odd \\"name\\"', "../w-library", pinned)
    git = unpack(sha)
    assert git("rev-parse", "HEAD", at="vendor/lib") == pinned
    assert git("rev-parse", "HEAD", at="vendor/lib/in") == deep
    assert git("rev-parse", "--abbrev-ref", "HEAD", at="vendor/lib") == "HEAD"
    assert git("describe", "--tags", at="vendor/lib").startswith("v3.0.0-1-g")
    assert git("remote", "get-url", "origin", at="vendor/lib") == library.url
    assert git("rev-parse", "--show-toplevel", at="vendor/lib").endswith("vendor/lib")
    for place in (".", "vendor/lib", "vendor/lib/in"):
        assert git("status", "--porcelain", at=place) == ""
        assert git("fsck", at=place) == ""
    assert git("submodule", "status", "--recursive").split() == [
        pinned,
        "vendor/lib",
        "(v3.0.0-1-g" + pinned[:7] + ")",
        deep,
        "vendor/lib/in",
        f"({deep[:7]})",
    ]


def test_submodules_share_the_room_for_history(
    repository: Repository,
    daemon: tuple[Path, str],
    unpack: Unpack,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sources, "LARGE", 300 << 10)
    library = Repository(daemon[0] / "w-room", f"{daemon[1]}/w-room")
    library.commit(code=secrets.token_hex(200 << 10))  # some 200 KiB when it is packed
    pinned = library.commit(code="two")
    for name in ("a", "b"):
        sha = _vendor(repository, name, name, "../w-room", pinned)
    git = unpack(sha)
    assert [git("rev-list", "--count", "HEAD", at=name) for name in ("a", "b")] == ["2", "1"]
    assert "the history in b is cut: the last 1 commits" in caplog.text


def test_a_repository_writes_no_setting_hook_or_log_into_a_workspace(
    repository: Repository, daemon: tuple[Path, str], mirror: GitMirror
) -> None:
    library = Repository(daemon[0] / "w-evil", f"{daemon[1]}/w-evil")
    pinned = library.commit(
        _dot_gitattributes="* filter=evil\n", config='[core]\n\tfsmonitor = "touch /tmp/x"\n'
    )
    (library.path / ".git" / "hooks" / "post-checkout").write_text("#!/bin/sh\nid\n")
    sha = _vendor(repository, "lib", "lib", "../w-evil", pinned)
    with mirror.workspace(sha, branch="main") as tar, tarfile.open(fileobj=tar) as archive:
        files = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        own = {name: file.read() for name, file in files.items() if file and ".git/" in name}
    for place in (".git/", "lib/.git/"):
        assert not [name for name in own if name.startswith((f"{place}hooks/", f"{place}logs/"))]
        assert f"{place}FETCH_HEAD" not in own
        assert f"{place}objects/info/alternates" not in own
        settings = {
            line.strip().split(" ")[0] for line in own[f"{place}config"].decode().split("\n")
        }
        assert settings - {""} <= {
            "[core]",
            "repositoryformatversion",
            "filemode",
            "bare",
            "logallrefupdates",
            "[remote",
            "url",
            "fetch",
            "[branch",
            "remote",
            "merge",
            "[submodule",
        }
    assert not [name for name, content in own.items() if bytes(mirror._store.root) in content]


def test_names_that_are_not_utf_8_come_through_as_they_are(
    repository: Repository, daemon: tuple[Path, str], unpack: Unpack
) -> None:
    library = Repository(daemon[0] / "w-bytes", f"{daemon[1]}/w-bytes")
    odd = b"caf\xe9"
    (library.path / odd.decode(errors="surrogateescape")).write_text("x")
    pinned = library.commit()
    (repository.path / odd.decode(errors="surrogateescape")).write_text("y")
    repository.commit()
    repository.git("update-ref", b"refs/tags/v\xe9".decode(errors="surrogateescape"), "HEAD")
    sha = _vendor(repository, "l\udcefb", "l\udcefb", "../w-bytes", pinned)
    git = unpack(sha)
    assert git("status", "--porcelain") == ""
    assert git("ls-files", "-z").split("\0")[:3] == [".gitmodules", "caf\udce9", "l\udcefb"]
    assert git("ls-files", "-z", at="l\udcefb").strip("\0") == "caf\udce9"
    assert git("rev-parse", "HEAD", at="l\udcefb") == pinned
    assert git("tag") == "v\udce9"
