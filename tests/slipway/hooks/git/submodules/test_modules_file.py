from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from slipway.exceptions import RepositoryRefused, RepositoryTooLarge
from slipway.hooks.git.submodules.modules_file import Submodule, absolute_url, read_gitmodules

SERVERS = [
    "git@git.example.com:acme/app.git",
    "git@git.example.com:acme/app",
    "git@git.example.com:app",
    "git@git.example.com:a/b/c/app.git",
    "git@git.example.com:/srv/git/app.git",
    "ssh://git@git.example.com/acme/app.git",
    "ssh://git@git.example.com:22/acme/app",
    "https://git.example.com/acme/app.git",
    "https://git.example.com/acme/app/",
    "http://git.example.com:8080/a/b/app",
    "git://127.0.0.1:9418/app",
]
RELATIVE = [
    "../lib.git",
    "../lib",
    "../lib.git/",
    "./lib.git",
    "./../lib",
    ".././lib",
    "../other/lib.git",
    "../../lib.git",
    "../../../lib.git",
    "../../../../lib",
    "../../../../evil.example/lib.git",
    "../../../../../../lib",
]


def _git_resolves(folder: Path, url: str, parent: str) -> str | None:
    """Ask git itself, which resolves against the URL of origin."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], check=False, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet")
    git("config", "remote.origin.url", parent)
    (folder / ".gitmodules").write_text(f'[submodule "lib"]\n\tpath = lib\n\turl = {url}\n')
    git("update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},lib")
    git("submodule", "init")
    return git("config", "submodule.lib.url") or None


@pytest.mark.parametrize("parent", SERVERS)
def test_a_relative_url_is_what_git_makes_of_it_or_is_refused(tmp_path: Path, parent: str) -> None:
    for number, url in enumerate(RELATIVE):
        folder = tmp_path / str(number)
        folder.mkdir()
        ours = _resolved(url, parent)
        assert ours == _git_resolves(folder, url, parent) if ours else url.startswith("../../")


def _resolved(url: str, parent: str) -> str | None:
    try:
        return absolute_url(url, parent)
    except RepositoryRefused:
        return None


def test_a_sibling_of_a_repository_that_is_named_as_scp_has_it() -> None:
    parent = "git@github.com:acme/app.git"
    assert absolute_url("../lib.git", parent) == "git@github.com:acme/lib.git"
    assert absolute_url("../../other/lib.git", parent) == "git@github.com:other/lib.git"
    assert absolute_url("../lib.git", "file:///srv/app.git") == "file:///srv/lib.git"
    for whole in ("https://git.example.com/x", "git@git.example.com:x", "..", ".x/lib"):
        assert absolute_url(whole, parent) == whole


@pytest.mark.parametrize("url", ["../../../evil.example/x", "../../../../evil.example/x"])
@pytest.mark.parametrize("parent", ["https://git.example.com/app", "ssh://git@a.example/a/app"])
def test_a_relative_url_leads_to_no_other_server(parent: str, url: str) -> None:
    with pytest.raises(RepositoryRefused, match="leads out of the server"):
        absolute_url(url, parent)


def test_a_file_of_submodules_is_read_as_git_reads_it(tmp_path: Path) -> None:
    (tmp_path / "included").write_text('[submodule "i"]\n\tpath = i\n\turl = ../i\n')
    found = read_gitmodules(
        b'[submodule "A.b"] ; odd\n\tPath = "a b"\n\turl = ../o.git # beside\n\tshallow\n'
        b'[submodule "quoted"]\n\tpath = "libs/c#"\n\turl = https://x/c.git ; the fork\n'
        b"\tignore\n"
        b'[submodule "long"] path = lo\\\nng\n\turl = "https://x/\\\nl"\n'
        b'[submodule "bytes"]\n\tpath = \xff\n\turl = ../\xe9\n'
        b'[submodule "last"]\n\tpath = last\n\turl = ../first\n\turl = ../last\n'
        b'[submodule "nothing"]\n\tpath\n\turl = ../n\n'
        b'[other "section"]\n\tpath = other\n\turl = ../other\n'
        b"[include]\n\tpath = " + bytes(tmp_path / "included") + b"\n"
        b'[includeIf "gitdir:**"]\n\tpath = ' + bytes(tmp_path / "included") + b"\n"
    )
    assert found == {
        "a b": Submodule(name="A.b", url="../o.git"),
        "libs/c#": Submodule(name="quoted", url="https://x/c.git"),
        "long": Submodule(name="long", url="https://x/l"),
        "\udcff": Submodule(name="bytes", url="../\udce9"),
        "last": Submodule(name="last", url="../last"),
    }
    with pytest.raises(RepositoryRefused, match="cannot be read") as refused:
        read_gitmodules(b"[x\n")
    assert "bad config line 1 in file .gitmodules" in refused.value.advice


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
        read_gitmodules(content)
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
        read_gitmodules(content)
