from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import RepositoryRefused
from slipway.hooks.git.mirror import GitMirror
from slipway.model.git.deliverable import Deliverable
from tests.fakes.git_http import git_web
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    from pathlib import Path


def test_a_web_server_of_plain_files_that_git_does_not_check_is_refused(
    repository: Repository, tmp_path: Path
) -> None:
    sha = repository.commit(readme="one")
    repository.git("update-server-info")
    files = partial(SimpleHTTPRequestHandler, directory=str(repository.path / ".git"))
    with ThreadingHTTPServer(("127.0.0.1", 0), files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror = GitMirror(url=f"http://127.0.0.1:{server.server_port}/", root=tmp_path)
        with pytest.raises(RepositoryRefused, match="served as plain files"):
            mirror.find("main", delivered=Deliverable(branch="main"))
        with pytest.raises(RepositoryRefused, match="served as plain files"):
            mirror.commit(sha)
        server.shutdown()


def test_a_web_server_of_gits_gives_the_whole_history_each_time(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit(readme="one")
    with git_web(repository.path.parent) as web:
        mirror = GitMirror(url=f"{web.url}/{repository.path.name}", root=tmp_path)
        for count in (1, 2, 2):
            while int(repository.git("rev-list", "--count", "main")) < count:
                repository.commit(readme=f"{count}")
            assert len(mirror.line("main")) == count
    assert not list(tmp_path.glob("*.git/shallow"))
