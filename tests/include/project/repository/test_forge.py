"""What a project file says of its repository's host."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from include.project.loader import PROJECTS, LoadedProjects, load_projects
from include.project.model import Repository


def repository(**fields: Any) -> Repository:
    known = {"url": "git@bitbucket.org:acme/shop.git", "connection": "shop", "statuses": True}
    return Repository.model_validate({**known, **fields})


def test_statuses_are_off_unless_they_are_asked_for() -> None:
    known = Repository.model_validate({"url": "git://127.0.0.1/x.git"})
    assert not known.statuses


def test_an_ssh_key_for_git_goes_beside_a_token_of_its_own() -> None:
    assert repository().forge_place().connection == "shop"
    assert repository(forge_connection="token").forge_place().connection == "token"


def test_a_host_of_ones_own_is_named() -> None:
    place = repository(
        url="ssh://git@git.example.com:7999/SHOP/shop.git",
        forge="bitbucket_server",
        forge_url="https://example.com/stash/",
    ).forge_place()
    assert (place.server, place.path) == ("https://example.com/stash", "SHOP/shop")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"connection": None}, "statuses and pull requests need a token"),
        ({"url": "git@git.example.com:acme/shop.git"}, "nothing tells what git.example.com is"),
        ({"forge": "gitbucket"}, "Input should be"),
        ({"forge_url": "http://git.example.com"}, "no address that a token is sent to"),
        ({"forge_url": "https://ann:secret@git.example.com"}, "no address"),
        ({"forge_url": "https://git.example.com/?a=b"}, "no address"),
        ({"forge_url": "https://"}, "no address"),
        ({"forge_url": "file:///etc"}, "no address"),
        ({"forge_connection": "with blank"}, "pattern"),
    ],
)
def test_what_cannot_work_is_said_when_the_file_is_read(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        repository(**fields)


def test_a_stand_in_on_this_machine_needs_no_certificate() -> None:
    assert repository(forge_url="http://127.0.0.1:9000").forge_place().server.endswith(":9000")
    assert repository(forge_url="http://[::1]:9000").forge_place().server.startswith("http://[::1]")


def _files(folder: Path, *repositories: str) -> LoadedProjects:
    text = (PROJECTS / "guestbook.yaml").read_text()
    before, _, rest = text.partition("repository:\n")
    after = rest[rest.index("\n\n") :]
    for number, repository in enumerate(repositories):
        own = f"{before}repository: {repository}\n{after}"
        own = own.replace("name: guestbook", f"name: p{number}")
        (folder / f"p{number}.yaml").write_text(own)
    return load_projects(folder)


_AT = "{{connection: c, statuses: true, url: {}}}"


def test_projects_of_one_repository_share_its_commits_however_it_is_written(
    tmp_path: Path,
) -> None:
    found = _files(
        tmp_path,
        _AT.format('"git@bitbucket.org:acme/shop.git"'),
        _AT.format('"https://bitbucket.org/Acme/shop"'),
        _AT.format('"git@bitbucket.org:acme/mail.git"'),
        '{connection: c, url: "git@bitbucket.org:acme/mail.git"}',
    )
    assert found.errors == {}
    shares = {name: project.shares_commits for name, project in found.projects.items()}
    assert shares == {"p0": True, "p1": True, "p2": False, "p3": False}
