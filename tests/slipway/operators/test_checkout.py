from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import RepositoryUnreachable
from slipway.model.event import Event
from slipway.model.facts import Checkout
from slipway.model.git.repository import Repository as GitRepository
from slipway.operators.checkout import CheckoutOperator
from slipway.pipeline.compiler.variables import build_variables, event_of
from slipway.pipeline.yaml.conditions import Conditions
from tests.fakes.git_server import Repository
from tests.slipway.operators.releases import catalogue

pytestmark = pytest.mark.usefixtures("artifacts")


def _checkout(url: str, ref: str, *, context: Any = None, **more: Any) -> Checkout:
    operator = CheckoutOperator(
        task_id="checkout",
        project="shop",
        repository=GitRepository(url=url),
        ref=ref,
        branch="main",
        **more,
    )
    given: Any = context or {}
    return Checkout.from_json(operator.execute(given))


def test_a_tag_a_branch_and_a_sha(repository: Repository) -> None:
    sha = repository.commit("Subject")
    repository.git("tag", "v1.2.3")
    repository.git("branch", "topic")
    named: dict[str, Any] = {"branches": ["topic"], "tags": ["v*"]}
    tag, branch, plain = (
        _checkout(repository.url, ref, **named) for ref in ("v1.2.3", "topic", sha)
    )
    assert {found.release.sha for found in (tag, branch, plain)} == {sha}
    assert tag.release.version == f"1.2.3+0.g{sha[:7]}"
    assert (tag.tag, tag.branch) == ("v1.2.3", "main")
    assert (branch.tag, branch.branch) == (None, "topic")
    assert (plain.tag, plain.branch) == (None, "main")
    assert [found.event for found in (tag, branch, plain)] == [
        Event.of_tag("v1.2.3"),
        Event.push("topic"),
        Event.push("main"),
    ]


def test_no_ref_means_the_delivered_branch(repository: Repository) -> None:
    sha = repository.commit()
    assert _checkout(repository.url, "").release.sha == sha


@pytest.mark.parametrize("ref", ["absent", "--upload-pack=x", "0" * 40, "{{ 7 * 7 }}"])
def test_a_ref_that_is_not_there_fails_for_good(repository: Repository, ref: str) -> None:
    repository.commit()
    with pytest.raises(AirflowFailException):
        _checkout(repository.url, ref)


def test_a_server_that_is_away_is_worth_another_try() -> None:
    with pytest.raises(RepositoryUnreachable):
        _checkout("git://127.0.0.1:1/x", "main")


def _attack(repository: Repository, branch: str = "attack") -> str:
    """Commit something that nobody reviewed to a branch of its own."""
    repository.git("checkout", "--quiet", "-B", branch)
    sha = repository.commit(readme=f"nobody's {branch}")
    repository.git("checkout", "--quiet", "main")
    return sha


def test_a_sha_of_another_branch_is_not_built_as_a_push_to_main(repository: Repository) -> None:
    repository.commit(readme="reviewed")
    evil = _attack(repository)
    for ref in (evil, "attack", "refs/heads/attack", evil[:10]):
        with pytest.raises(AirflowFailException, match=r"reached by no .* \(branch main\)"):
            _checkout(repository.url, ref)


def test_a_forks_pull_request_is_not_built_as_a_push_to_main(repository: Repository) -> None:
    """The server would hand the commit out to whoever asks for its sha."""
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repository.commit(readme="reviewed")
    fork = _attack(repository)
    repository.git("update-ref", "refs/pull/1/head", fork)
    repository.git("branch", "-D", "attack")
    for ref in (fork, fork[:10], "refs/pull/1/head", "pull/1/head"):
        with pytest.raises(AirflowFailException, match=r"what is delivered: branch main"):
            _checkout(repository.url, ref)


def test_a_commit_that_the_branch_has_dropped_is_not_delivered(repository: Repository) -> None:
    repository.commit(readme="one")
    dropped = repository.commit(readme="two")
    assert _checkout(repository.url, dropped).release.sha == dropped
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.commit(readme="three")
    with pytest.raises(AirflowFailException, match=r"names no commit|reached by no"):
        _checkout(repository.url, dropped)


def test_what_the_project_file_names_is_delivered_as_what_it_is(repository: Repository) -> None:
    repository.commit(readme="reviewed")
    release = _attack(repository, "release/1.4")
    on_tag = _attack(repository, "gone")
    past = repository.git("rev-parse", "gone")
    repository.git("checkout", "--quiet", "gone")
    tagged = repository.commit(readme="tagged")
    repository.git("checkout", "--quiet", "main")
    repository.git("tag", "v1.5.0", tagged)
    repository.git("tag", "nightly", tagged)
    repository.git("branch", "-D", "gone")
    named: dict[str, Any] = {"branches": ["release/*"], "tags": ["v*"]}
    assert _checkout(repository.url, release, **named).event == Event.push("release/1.4")
    assert _checkout(repository.url, "release/1.4", **named).branch == "release/1.4"
    assert _checkout(repository.url, "v1.5.0", **named).event == Event.of_tag("v1.5.0")
    assert _checkout(repository.url, tagged, **named).event == Event.of_tag("v1.5.0")
    assert past == on_tag
    assert _checkout(repository.url, on_tag, **named).event == Event.of_commit(on_tag)
    with pytest.raises(AirflowFailException, match=r"\(branch main, branch release/1, tag x\*\)"):
        _checkout(repository.url, tagged, branches=["release/1"], tags=["x*"])


def test_an_ambiguous_name_fails_for_good_with_both_meanings(repository: Repository) -> None:
    repository.commit()
    repository.git("tag", "v1.4.0")
    repository.git("branch", "v1.4.0")
    with pytest.raises(AirflowFailException, match=r"write refs/heads/v1.4.0 or refs/tags/v1.4.0"):
        _checkout(repository.url, "v1.4.0")


def test_a_tag_named_like_the_branch_does_not_stop_the_branch(repository: Repository) -> None:
    sha = repository.commit(readme="reviewed")
    repository.git("tag", "main", _attack(repository))
    assert _checkout(repository.url, "").release.sha == sha


def test_a_merged_commit_is_a_release_and_has_its_place(repository: Repository) -> None:
    repository.commit(readme="one")
    side = _attack(repository, "side")
    repository.commit(other="two")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    repository.git("branch", "-D", "side")
    merge = _checkout(repository.url, "main")
    assert (merge.position, _checkout(repository.url, side).position) == (3, 1)
    assert _checkout(repository.url, side).event == Event.push("main")


def test_who_started_the_run_is_known(repository: Repository) -> None:
    repository.commit()
    by_hand = {"dag_run": SimpleNamespace(triggering_user_name="ada", run_type=None)}
    kind = SimpleNamespace(value="operator_triggered")
    by_poll = {"dag_run": SimpleNamespace(triggering_user_name=None, run_type=kind)}
    found = [_checkout(repository.url, "main", context=run).event for run in (by_hand, by_poll)]
    assert found == [Event.push("main", by="ada"), Event.push("main", by="operator_triggered")]


def test_a_tag_that_is_made_later_gives_a_second_version_and_says_so(
    repository: Repository, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = repository.commit()
    first = _checkout(repository.url, "main")
    catalogue(first.release.version)
    assert "is released as" not in capsys.readouterr().out
    repository.git("tag", "v1.0.0")
    assert _checkout(repository.url, "main").release.version == f"1.0.0+0.g{sha[:7]}"
    assert f"is released as 0.0.0+1.g{sha[:7]} already" in capsys.readouterr().out


def test_conditions_see_the_event_that_was_noted(repository: Repository) -> None:
    repository.commit()
    repository.git("tag", "v1.0.0")
    tag = _checkout(repository.url, "v1.0.0", tags=["v*"])
    assert (event_of(tag).name, event_of(tag).ref, event_of(tag).branch) == (
        "tag",
        "refs/tags/v1.0.0",
        "",
    )
    before = replace(tag, event=None)
    assert event_of(before) == event_of(tag)
    push = replace(_checkout(repository.url, "main"), event=None)
    assert event_of(push).ref == "refs/heads/main"


def test_a_strangers_branch_that_gits_check_refuses_stops_nobody(repository: Repository) -> None:
    repository.commit(readme="one")
    _checkout(repository.url, "")
    repository.git("checkout", "--quiet", "-b", "attack")
    repository.commit(_dot_gitmodules='[submodule "x"]\n\tpath = x\n\turl = --upload-pack=x\n')
    repository.git("checkout", "--quiet", "main")
    sha = repository.commit(readme="two")
    assert _checkout(repository.url, "").release.sha == sha
    assert _checkout(repository.url, sha).event == Event.push("main")
    with pytest.raises(AirflowFailException):
        _checkout(repository.url, "attack")


def test_a_delivered_branch_that_gits_check_refuses_fails_for_good(repository: Repository) -> None:
    repository.commit(_dot_gitmodules='[submodule "x"]\n\tpath = x\n\turl = --upload-pack=x\n')
    with pytest.raises(AirflowFailException, match="disallowed submodule url"):
        _checkout(repository.url, "")


def test_a_strangers_branch_or_tag_on_a_delivered_commit_chooses_no_event(
    repository: Repository,
) -> None:
    sha = repository.commit(readme="reviewed")
    repository.git("branch", "lint-only")
    repository.git("tag", "anything")
    repository.git("tag", "-a", "-m", "annotated", "v9.9.9")
    for ref in ("lint-only", "anything", "v9.9.9", "refs/heads/lint-only", "refs/tags/anything"):
        found = _checkout(repository.url, ref, branches=["release/*"], tags=["r*"])
        assert (found.event, found.branch, found.tag) == (Event.push("main"), "main", None)
        assert found.release.sha == sha


def test_a_strangers_branch_on_a_part_of_a_tags_past_is_not_that_tag(
    repository: Repository,
) -> None:
    repository.commit(readme="reviewed")
    past = _attack(repository, "stranger")
    repository.git("checkout", "--quiet", "stranger")
    tagged = repository.commit(readme="tagged")
    repository.git("checkout", "--quiet", "main")
    repository.git("branch", "--force", "stranger", past)
    repository.git("tag", "v1.5.0", tagged)
    assert _checkout(repository.url, "stranger", tags=["v*"]).event == Event.of_commit(past)


def test_a_branch_that_is_missing_is_told_with_those_that_there_are(repository: Repository) -> None:
    """What the run says that the poll starts for it."""
    repository.commit()
    repository.git("branch", "--move", "main", "master")
    for number in range(20):
        repository.git("branch", f"feature/{number:02}")
    repository.git("update-ref", "refs/heads/\udcff", "HEAD")
    with pytest.raises(AirflowFailException) as failed:
        _checkout(repository.url, "refs/heads/main")
    said = str(failed.value)
    assert "there is no branch, tag or commit 'refs/heads/main'" in said
    assert "its branches, the nearest first: master, feature/0" in said
    assert ", and 11 more (what is delivered: branch main)" in said
    with pytest.raises(AirflowFailException, match=r"no branch main: .* nearest first: master, "):
        _checkout(repository.url, repository.git("rev-parse", "master"))


def test_a_calendar_tag_is_no_version_where_the_project_says_which_tags_are(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit()
    repository.git("tag", "v1.4.0")
    repository.commit(readme="x")
    repository.git("tag", "2024.11.26")
    sha = repository.commit(readme="y")
    assert _checkout(repository.url, "").release.version == f"2024.11.26+1.g{sha[:7]}"
    said = capsys.readouterr().out
    assert "the tag 2024.11.26, which looks like a date and is higher than v1.4.0" in said
    numbered = _checkout(repository.url, "", version_tags=["v*"])
    assert numbered.release.version == f"1.4.0+2.g{sha[:7]}"
    assert "looks like a date" not in capsys.readouterr().out
    assert _checkout(repository.url, "", version_tags=["x*"]).release.version.startswith("0.0.0+3")


def test_a_project_whose_versions_are_dates_is_told_nothing(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit()
    for tag in ("2024.10.1", "v2024.11.26"):
        repository.git("tag", tag)
    assert _checkout(repository.url, "").release.version.startswith("2024.11.26+0")
    assert "looks like a date" not in capsys.readouterr().out


def test_a_branch_whose_name_is_not_utf_8_stops_nobody_and_is_said_where_it_alone_counts(
    repository: Repository,
) -> None:
    sha = repository.commit(readme="reviewed")
    for ref in ("refs/heads/release/\udce9", "refs/tags/v\udce9"):
        repository.git("update-ref", ref, sha)
    named: dict[str, Any] = {"branches": ["release/*"], "tags": ["v*"]}
    assert _checkout(repository.url, sha, **named).event == Event.push("main")
    only = _attack(repository)
    repository.git("update-ref", "refs/heads/release/\udce9", only)
    repository.git("branch", "-D", "attack")
    with pytest.raises(AirflowFailException, match=r"release/<U\+DCE9>, whose names are not UTF-8"):
        _checkout(repository.url, only, **named)


def test_the_delivered_branch_is_known_also_of_a_commit_on_another(repository: Repository) -> None:
    repository.commit()
    repository.git("branch", "release/1")
    found = _checkout(repository.url, "release/1", branches=["release/*"])
    assert (found.branch, found.delivered) == ("release/1", "main")


def test_a_schedules_run_is_of_the_event_cron(repository: Repository) -> None:
    repository.commit("first")
    sha = repository.commit("second")
    checkout = _checkout(repository.url, "refs/heads/main", cron="nightly")
    assert checkout.release.sha == sha
    variables = build_variables(checkout, event_of(checkout))
    told = {name: variables[name] for name in ("DRONE_BUILD_EVENT", "DRONE_CRON", "DRONE_BRANCH")}
    assert told == {
        "DRONE_BUILD_EVENT": "cron",
        "DRONE_CRON": "nightly",
        "DRONE_BRANCH": "main",
    }
    conditions = Conditions.model_validate({"event": ["cron"], "cron": ["nightly"]})
    assert conditions.unmet(event_of(checkout), "trigger") == ""
