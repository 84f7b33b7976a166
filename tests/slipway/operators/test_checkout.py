from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import RepositoryUnreachable
from slipway.model.event import Event
from slipway.pipeline.compiler.variables import build_variables, event_of
from slipway.pipeline.yaml.conditions import Conditions
from tests.slipway.operators.checkout.commits import attack, check_out
from tests.slipway.operators.releases import catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.usefixtures("artifacts")


def test_a_tag_a_branch_and_a_sha(repository: Repository) -> None:
    sha = repository.commit("Subject")
    repository.git("tag", "v1.2.3")
    repository.git("branch", "topic")
    named: dict[str, Any] = {"branches": ["topic"], "tags": ["v*"]}
    tag, branch, plain = (
        check_out(repository.url, ref, **named) for ref in ("v1.2.3", "topic", sha)
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
    assert check_out(repository.url, "").release.sha == sha


@pytest.mark.parametrize("ref", ["absent", "--upload-pack=x", "0" * 40, "{{ 7 * 7 }}"])
def test_a_ref_that_is_not_there_fails_for_good(repository: Repository, ref: str) -> None:
    repository.commit()
    with pytest.raises(AirflowFailException):
        check_out(repository.url, ref)


def test_a_server_that_is_away_is_worth_another_try() -> None:
    with pytest.raises(RepositoryUnreachable):
        check_out("git://127.0.0.1:1/x", "main")


def test_what_the_project_file_names_is_delivered_as_what_it_is(repository: Repository) -> None:
    repository.commit(readme="reviewed")
    release = attack(repository, "release/1.4")
    on_tag = attack(repository, "gone")
    past = repository.git("rev-parse", "gone")
    repository.git("checkout", "--quiet", "gone")
    tagged = repository.commit(readme="tagged")
    repository.git("checkout", "--quiet", "main")
    repository.git("tag", "v1.5.0", tagged)
    repository.git("tag", "nightly", tagged)
    repository.git("branch", "-D", "gone")
    named: dict[str, Any] = {"branches": ["release/*"], "tags": ["v*"]}
    assert check_out(repository.url, release, **named).event == Event.push("release/1.4")
    assert check_out(repository.url, "release/1.4", **named).branch == "release/1.4"
    assert check_out(repository.url, "v1.5.0", **named).event == Event.of_tag("v1.5.0")
    assert check_out(repository.url, tagged, **named).event == Event.of_tag("v1.5.0")
    assert past == on_tag
    assert check_out(repository.url, on_tag, **named).event == Event.of_commit(on_tag)
    with pytest.raises(AirflowFailException, match=r"\(branch main, branch release/1, tag x\*\)"):
        check_out(repository.url, tagged, branches=["release/1"], tags=["x*"])


def test_an_ambiguous_name_fails_for_good_with_both_meanings(repository: Repository) -> None:
    repository.commit()
    repository.git("tag", "v1.4.0")
    repository.git("branch", "v1.4.0")
    with pytest.raises(AirflowFailException, match=r"write refs/heads/v1.4.0 or refs/tags/v1.4.0"):
        check_out(repository.url, "v1.4.0")


def test_a_tag_named_like_the_branch_does_not_stop_the_branch(repository: Repository) -> None:
    sha = repository.commit(readme="reviewed")
    repository.git("tag", "main", attack(repository))
    assert check_out(repository.url, "").release.sha == sha


def test_a_merged_commit_is_a_release_and_has_its_place(repository: Repository) -> None:
    repository.commit(readme="one")
    side = attack(repository, "side")
    repository.commit(other="two")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    repository.git("branch", "-D", "side")
    merge = check_out(repository.url, "main")
    assert (merge.position, check_out(repository.url, side).position) == (3, 1)
    assert check_out(repository.url, side).event == Event.push("main")


def test_who_started_the_run_is_known(repository: Repository) -> None:
    repository.commit()
    by_hand = {"dag_run": SimpleNamespace(triggering_user_name="ada", run_type=None)}
    kind = SimpleNamespace(value="operator_triggered")
    by_poll = {"dag_run": SimpleNamespace(triggering_user_name=None, run_type=kind)}
    found = [check_out(repository.url, "main", context=run).event for run in (by_hand, by_poll)]
    assert found == [Event.push("main", by="ada"), Event.push("main", by="operator_triggered")]


def test_a_tag_that_is_made_later_gives_a_second_version_and_says_so(
    repository: Repository, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = repository.commit()
    first = check_out(repository.url, "main")
    catalogue(first.release.version)
    assert "is released as" not in capsys.readouterr().out
    repository.git("tag", "v1.0.0")
    assert check_out(repository.url, "main").release.version == f"1.0.0+0.g{sha[:7]}"
    assert f"is released as 0.0.0+1.g{sha[:7]} already" in capsys.readouterr().out


def test_conditions_see_the_event_that_was_noted(repository: Repository) -> None:
    repository.commit()
    repository.git("tag", "v1.0.0")
    tag = check_out(repository.url, "v1.0.0", tags=["v*"])
    assert (event_of(tag).name, event_of(tag).ref, event_of(tag).branch) == (
        "tag",
        "refs/tags/v1.0.0",
        "",
    )
    before = replace(tag, event=None)
    assert event_of(before) == event_of(tag)
    push = replace(check_out(repository.url, "main"), event=None)
    assert event_of(push).ref == "refs/heads/main"


def test_a_branch_that_is_missing_is_told_with_those_that_there_are(repository: Repository) -> None:
    """What the run says that the poll starts for it."""
    repository.commit()
    repository.git("branch", "--move", "main", "master")
    for number in range(20):
        repository.git("branch", f"feature/{number:02}")
    repository.git("update-ref", "refs/heads/\udcff", "HEAD")
    with pytest.raises(AirflowFailException) as failed:
        check_out(repository.url, "refs/heads/main")
    said = str(failed.value)
    assert "there is no branch, tag or commit 'refs/heads/main'" in said
    assert "its branches, the nearest first: master, feature/0" in said
    assert ", and 11 more (what is delivered: branch main)" in said
    with pytest.raises(AirflowFailException, match=r"no branch main: .* nearest first: master, "):
        check_out(repository.url, repository.git("rev-parse", "master"))


def test_a_calendar_tag_is_no_version_where_the_project_says_which_tags_are(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit()
    repository.git("tag", "v1.4.0")
    repository.commit(readme="x")
    repository.git("tag", "2024.11.26")
    sha = repository.commit(readme="y")
    assert check_out(repository.url, "").release.version == f"2024.11.26+1.g{sha[:7]}"
    said = capsys.readouterr().out
    assert "the tag 2024.11.26, which looks like a date and is higher than v1.4.0" in said
    numbered = check_out(repository.url, "", version_tags=["v*"])
    assert numbered.release.version == f"1.4.0+2.g{sha[:7]}"
    assert "looks like a date" not in capsys.readouterr().out
    assert check_out(repository.url, "", version_tags=["x*"]).release.version.startswith("0.0.0+3")


def test_a_project_whose_versions_are_dates_is_told_nothing(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit()
    for tag in ("2024.10.1", "v2024.11.26"):
        repository.git("tag", tag)
    assert check_out(repository.url, "").release.version.startswith("2024.11.26+0")
    assert "looks like a date" not in capsys.readouterr().out


def test_the_delivered_branch_is_known_also_of_a_commit_on_another(repository: Repository) -> None:
    repository.commit()
    repository.git("branch", "release/1")
    found = check_out(repository.url, "release/1", branches=["release/*"])
    assert (found.branch, found.delivered) == ("release/1", "main")


def test_a_schedules_run_is_of_the_event_cron(repository: Repository) -> None:
    repository.commit("first")
    sha = repository.commit("second")
    checkout = check_out(repository.url, "refs/heads/main", cron="nightly")
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
