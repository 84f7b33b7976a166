"""Refs of strangers, and refs that git refuses, choose nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.model.event import Event
from tests.slipway.operators.checkout.commits import attack, check_out

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.usefixtures("artifacts")


def test_a_sha_of_another_branch_is_not_built_as_a_push_to_main(repository: Repository) -> None:
    repository.commit(readme="reviewed")
    evil = attack(repository)
    for ref in (evil, "attack", "refs/heads/attack", evil[:10]):
        with pytest.raises(AirflowFailException, match=r"reached by no .* \(branch main\)"):
            check_out(repository.url, ref)


def test_a_forks_pull_request_is_not_built_as_a_push_to_main(repository: Repository) -> None:
    """The server would hand the commit out to whoever asks for its sha."""
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repository.commit(readme="reviewed")
    fork = attack(repository)
    repository.git("update-ref", "refs/pull/1/head", fork)
    repository.git("branch", "-D", "attack")
    for ref in (fork, fork[:10], "refs/pull/1/head", "pull/1/head"):
        with pytest.raises(AirflowFailException, match=r"what is delivered: branch main"):
            check_out(repository.url, ref)


def test_a_commit_that_the_branch_has_dropped_is_not_delivered(repository: Repository) -> None:
    repository.commit(readme="one")
    dropped = repository.commit(readme="two")
    assert check_out(repository.url, dropped).release.sha == dropped
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.commit(readme="three")
    with pytest.raises(AirflowFailException, match=r"names no commit|reached by no"):
        check_out(repository.url, dropped)


def test_a_strangers_branch_that_gits_check_refuses_stops_nobody(repository: Repository) -> None:
    repository.commit(readme="one")
    check_out(repository.url, "")
    repository.git("checkout", "--quiet", "-b", "attack")
    repository.commit(_dot_gitmodules='[submodule "x"]\n\tpath = x\n\turl = --upload-pack=x\n')
    repository.git("checkout", "--quiet", "main")
    sha = repository.commit(readme="two")
    assert check_out(repository.url, "").release.sha == sha
    assert check_out(repository.url, sha).event == Event.push("main")
    with pytest.raises(AirflowFailException):
        check_out(repository.url, "attack")


def test_a_delivered_branch_that_gits_check_refuses_fails_for_good(repository: Repository) -> None:
    repository.commit(_dot_gitmodules='[submodule "x"]\n\tpath = x\n\turl = --upload-pack=x\n')
    with pytest.raises(AirflowFailException, match="disallowed submodule url"):
        check_out(repository.url, "")


def test_a_strangers_branch_or_tag_on_a_delivered_commit_chooses_no_event(
    repository: Repository,
) -> None:
    sha = repository.commit(readme="reviewed")
    repository.git("branch", "lint-only")
    repository.git("tag", "anything")
    repository.git("tag", "-a", "-m", "annotated", "v9.9.9")
    for ref in ("lint-only", "anything", "v9.9.9", "refs/heads/lint-only", "refs/tags/anything"):
        found = check_out(repository.url, ref, branches=["release/*"], tags=["r*"])
        assert (found.event, found.branch, found.tag) == (Event.push("main"), "main", None)
        assert found.release.sha == sha


def test_a_strangers_branch_on_a_part_of_a_tags_past_is_not_that_tag(
    repository: Repository,
) -> None:
    repository.commit(readme="reviewed")
    past = attack(repository, "stranger")
    repository.git("checkout", "--quiet", "stranger")
    tagged = repository.commit(readme="tagged")
    repository.git("checkout", "--quiet", "main")
    repository.git("branch", "--force", "stranger", past)
    repository.git("tag", "v1.5.0", tagged)
    assert check_out(repository.url, "stranger", tags=["v*"]).event == Event.of_commit(past)


def test_a_branch_whose_name_is_not_utf_8_stops_nobody_and_is_said_where_it_alone_counts(
    repository: Repository,
) -> None:
    sha = repository.commit(readme="reviewed")
    for ref in ("refs/heads/release/\udce9", "refs/tags/v\udce9"):
        repository.git("update-ref", ref, sha)
    named: dict[str, Any] = {"branches": ["release/*"], "tags": ["v*"]}
    assert check_out(repository.url, sha, **named).event == Event.push("main")
    only = attack(repository)
    repository.git("update-ref", "refs/heads/release/\udce9", only)
    repository.git("branch", "-D", "attack")
    with pytest.raises(AirflowFailException, match=r"release/<U\+DCE9>, whose names are not UTF-8"):
        check_out(repository.url, only, **named)
