"""Opening and ending a pull request at the demo's git host, as a newcomer does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from include.demo import git_host, guestbook_repository, paths
from include.demo.guestbook_repository import GuestbookRepository
from include.demo.pull_request import __main__ as pull_request
from include.localforge.state import ForgeHome


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ForgeHome:
    found = ForgeHome(folder=tmp_path / "forge", git=tmp_path / "git")
    monkeypatch.setattr(git_host, "HOME", found)
    monkeypatch.setattr(guestbook_repository, "GIT", found.git)
    repository = GuestbookRepository()
    repository.push_version_1()
    repository.push_proposal("louder")
    return found


def do(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["pull_request", *words])
    pull_request.main()


def test_one_is_opened_and_ended_and_the_page_is_named(
    home: ForgeHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    do(monkeypatch, paths.REPOSITORY, "louder", "--title", "Say it louder")
    assert "pull request 1: Say it louder" in capsys.readouterr().out
    [one] = home.pull_requests(paths.REPOSITORY)
    assert (one["state"], one["destination"]["branch"]["name"]) == ("OPEN", "main")
    do(monkeypatch, paths.REPOSITORY, "--decline", "1")
    said = capsys.readouterr().out
    assert "pull request 1 is declined" in said
    assert f"{paths.FORGE_URL}/{paths.REPOSITORY}" in said


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("acme/hello", "louder"), "the demo's git host has no repository acme/hello"),
        ((paths.REPOSITORY,), "name the branch that it comes from"),
        ((paths.REPOSITORY, "quieter"), "no branch quieter; push it first"),
        ((paths.REPOSITORY, "--merged", "7"), "no pull request 7 that is open"),
    ],
)
def test_what_cannot_be_is_said(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    said: str,
) -> None:
    with pytest.raises(SystemExit):
        do(monkeypatch, *words)
    assert said in capsys.readouterr().err
