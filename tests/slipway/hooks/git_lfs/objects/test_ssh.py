"""Over ssh the server says where files are."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import SlipwayError
from slipway.hooks.git.connection import git_mirror
from tests.slipway.hooks.git_lfs.objects import servers
from tests.slipway.hooks.git_lfs.objects.servers import MODEL, content, with_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fakes.git_http import GitWeb

installation, tls, web = servers.installation, servers.tls, servers.web


@pytest.fixture
def by_ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """An ssh that runs what it is asked to here, and answers for LFS; gives where it notes that."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    note = tmp_path / "asked"

    def answering(answer: str) -> Path:
        script = tmp_path / "bin" / "ssh"
        script.write_text(
            "#!/bin/sh\nfor last; do :; done\n"
            f'printf "%s\\n" "$@" "" >> {note}\n'
            f'case "$last" in git-lfs-authenticate*) {answer};; *) exec sh -c "$last";; esac\n'
        )
        script.chmod(0o755)
        return note

    return answering


def _said(href: str) -> str:
    said = json.dumps({"href": href, "header": {"Authorization": "for-an-hour"}, "expires_in": 1})
    return f"printf '%s' '{said}'"


def test_over_ssh_the_server_says_where_files_are_and_what_is_shown_there(
    web: GitWeb, by_ssh: Callable[[str], Path]
) -> None:
    repository, sha = with_files(web)
    web.authorization = "for-an-hour"
    note = by_ssh(_said(f"{web.url}/private/.git/info/lfs"))
    path = f"{repository.path}/.git"
    for url in (f"ssh://git@127.0.0.1:2222{path}", f"git@127.0.0.1:{path}"):
        assert content(git_mirror(url, "key").archive(sha))["model.bin"] == MODEL
    assert set(web.shown) == {"for-an-hour"}
    asked = note.read_text().split("\n\n")
    ours = [call.split("\n") for call in asked if "git-lfs-authenticate" in call]
    for call in ours:
        assert call[-3:] == ["--", "git@127.0.0.1", f"git-lfs-authenticate {path} download"]
        assert {"IdentitiesOnly=yes", "IdentityAgent=none", "BatchMode=yes", "-i"} <= set(call)
    assert "2222" in ours[0]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (_said("http://127.0.0.1:1/x"), "not encrypted"),
        ("echo nothing", "is none of LFS"),
        ("echo no such command >&2; exit 127", "no such command"),
        ("yes", "cannot read"),
        ("echo Permission denied >&2; exit 1", "refused us"),
    ],
)
def test_over_ssh_what_cannot_be_had_is_named_with_its_reason(
    web: GitWeb, by_ssh: Callable[[str], Path], answer: str, why: str
) -> None:
    repository, sha = with_files(web)
    by_ssh(answer)
    with pytest.raises(SlipwayError, match=rf"model\.bin lies in Git LFS.*{why}"):
        git_mirror(f"ssh://git@127.0.0.1{repository.path}/.git", "key").archive(sha)


def test_a_path_is_no_command_over_ssh(
    web: GitWeb, by_ssh: Callable[[str], Path], tmp_path: Path
) -> None:
    repository, sha = with_files(web, "a;touch$IFS$0.touched;b")
    note = by_ssh(_said(f"{web.url}/private/.git/info/lfs"))
    web.authorization = "for-an-hour"
    path = f"{repository.path}/.git"
    git_mirror(f"ssh://git@127.0.0.1{path}", "key").archive(sha).close()
    assert f"git-lfs-authenticate '{path}' download" in note.read_text()
