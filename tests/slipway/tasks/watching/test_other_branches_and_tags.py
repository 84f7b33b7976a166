"""Branches that are tested and tags that are run, beside the delivered branch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.exceptions import RunsNotMade
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.hooks.store.seen_refs import SeenRefs
from slipway.model.event import Event
from slipway.tasks.watching import other_branches_and_tags
from slipway.tasks.watching.found import run_id
from slipway.tasks.watching.other_branches_and_tags import changed
from tests.fakes.git_server import Repository
from tests.slipway.sensors.polls import poke, remember, watch

BRANCHES: dict[str, Any] = {"branches": ("feature/*",)}
TAGS: dict[str, Any] = {"tags": ("v*",)}


def looked(repository: Repository, **watching: Any) -> list[dict[str, Any]]:
    """Poll, and do what follows."""
    runs = poke(watch(repository, **watching))
    remember(runs)
    return runs


def ids(runs: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(run["trigger_dag_id"], run["trigger_run_id"]) for run in runs]


def test_a_push_to_another_branch_is_tested_among_the_proposals_and_said_to_be_a_push(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    repository.git("branch", "feature/old")
    looked(repository, **BRANCHES)
    repository.git("checkout", "--quiet", "-b", "feature/new")
    repository.commit(readme="two")
    head = repository.commit(readme="three")
    run = run_id("branch", "feature/new", head)
    (made,) = looked(repository, **BRANCHES)
    assert made == {"trigger_dag_id": "shop.pr", "trigger_run_id": run, "conf": {"ref": head}}
    said = RunFacts(artifact_store(), dag_id="shop.pr", run_id=run).announced()
    assert said is not None
    assert (said.event, said.sha) == (Event.push("feature/new"), head)
    assert looked(repository, **BRANCHES) == []


def test_every_ref_of_a_push_is_seen_and_none_that_nobody_watches(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    looked(repository, **BRANCHES, **TAGS)
    head = repository.commit(readme="two")
    for name in ("feature/a", "feature/b", "fix/c", "feature/a-b/c"):
        repository.git("branch", name)
    repository.git("tag", "v1")
    repository.git("tag", "nightly")
    assert ids(looked(repository, **BRANCHES, **TAGS)) == [
        ("shop", f"commit__{head}"),
        ("shop", run_id("tag", "v1", head)),
        ("shop.pr", run_id("branch", "feature/a", head)),
        ("shop.pr", run_id("branch", "feature/b", head)),
    ]


def test_what_was_there_before_its_pattern_is_left_alone_and_what_follows_is_run(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    repository.git("branch", "feature/a")
    repository.git("tag", "v1")
    repository.git("tag", "w1")
    looked(repository)
    assert looked(repository, **BRANCHES, **TAGS) == []
    repository.git("tag", "v2")
    repository.git("tag", "w2")
    wider = {"tags": ("v*", "w*")}
    made = looked(repository, **BRANCHES, **wider)
    assert [run["trigger_run_id"].split("-")[0] for run in made] == ["tag__v2"]
    repository.git("tag", "w3")
    made = looked(repository, **BRANCHES, **wider)
    assert [run["trigger_run_id"].split("-")[0] for run in made] == ["tag__w3"]


def test_an_annotated_tag_is_run_for_its_commit_and_again_when_it_is_moved(
    repository: Repository, artifacts: Path
) -> None:
    first = repository.commit(readme="one")
    looked(repository, **TAGS)
    repository.git("tag", "-a", "-m", "one", "v1")
    (made,) = looked(repository, **TAGS)
    assert made["conf"] == {"ref": first}
    assert looked(repository, **TAGS) == []
    repository.git("tag", "-f", "-a", "-m", "said better", "v1")
    (again,) = looked(repository, **TAGS)
    assert again == made  # which Airflow takes once
    second = repository.commit(readme="two")
    repository.git("tag", "-f", "-a", "-m", "two", "v1")
    moved = looked(repository, **TAGS)
    assert [run["conf"]["ref"] for run in moved] == [second, second]
    assert moved[1]["trigger_run_id"] == run_id("tag", "v1", second)


def test_a_deleted_branch_is_forgotten_and_one_that_is_made_anew_is_new(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    looked(repository, **BRANCHES)
    repository.git("branch", "feature/a")
    (made,) = looked(repository, **BRANCHES)
    repository.git("branch", "-D", "feature/a")
    assert looked(repository, **BRANCHES) == []
    assert "feature/a" not in (artifacts / "heads" / "shop.branches.json").read_text()
    repository.git("branch", "feature/a")
    assert looked(repository, **BRANCHES) == [made]


def test_a_forced_push_to_another_branch_runs_its_new_head_and_one_that_asks_not_to_is_not(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    repository.git("checkout", "--quiet", "-b", "feature/a")
    looked(repository, **BRANCHES)
    repository.commit(readme="two")
    looked(repository, **BRANCHES)
    repository.git("commit", "--amend", "--quiet", "-m", "rewritten")
    head = repository.git("rev-parse", "HEAD")
    assert [run["conf"]["ref"] for run in looked(repository, **BRANCHES)] == [head]
    repository.commit("words [skip ci]", readme="three")
    assert looked(repository, **BRANCHES) == []


def test_a_crash_before_remembering_finds_the_same_again(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    looked(repository, **BRANCHES, **TAGS)
    repository.git("branch", "feature/a")
    repository.git("tag", "v1")
    watched = watch(repository, **BRANCHES, **TAGS)
    assert poke(watched) == poke(watched) != []


def test_a_run_that_could_not_be_made_is_asked_for_again_and_the_others_are_not(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    looked(repository, **BRANCHES)
    repository.commit(readme="two")
    repository.git("branch", "feature/a")
    runs = poke(watch(repository, **BRANCHES))
    states = {"new_commits": "success", "start_runs_0": "skipped", "start_runs_1": "failed"}
    with pytest.raises(RunsNotMade, match=r"branch__feature-a-\w+ of shop\.pr"):
        remember(runs, states)
    assert poke(watch(repository, **BRANCHES)) == runs[1:]


def test_an_import_of_hundreds_of_tags_starts_none_of_them(
    repository: Repository,
    artifacts: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(other_branches_and_tags, "MOST_NEW", 3)
    repository.commit(readme="one")
    looked(repository, **TAGS)
    for number in range(4):
        repository.git("tag", f"v{number}")
    assert looked(repository, **TAGS) == []
    assert "4 tags are new at once" in capsys.readouterr().out
    repository.git("tag", "v9")
    assert len(looked(repository, **TAGS)) == 1


def test_the_newest_commit_alone_where_the_project_says_so(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    looked(repository, commits="newest")
    for number in range(3):
        head = repository.commit(readme=f"push {number}")
    repository.commit("words [skip ci]", readme="words")
    made = looked(repository, commits="newest")
    assert [run["conf"]["ref"] for run in made] == [head]
    assert looked(repository, commits="newest") == []


@pytest.mark.parametrize(
    "name",
    ["a;touch x", "$(id)", "--upload-pack=x", "{{ 7*7 }}", "../etc", "\u202eevil", "x" * 4096],
)
def test_a_hostile_name_stands_in_no_runs_id(name: str) -> None:
    found = run_id("branch", name, "a" * 40)
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
    assert len(found) < 150
    assert found != run_id("branch", f"{name} ", "a" * 40)


def test_nothing_is_forgotten_while_the_repository_is_not_all_there() -> None:
    seen = SeenRefs(scope=("v*",), refs={"v1": "1", "v2": "2"})
    gone = changed(seen, {}, ("v*",), whole=False)
    assert (gone.known, gone.new) == (seen, {})
    assert changed(seen, {"v2": "2"}, ("v*",), whole=True).known.refs == {"v2": "2"}
