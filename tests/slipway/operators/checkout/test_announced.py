"""What started a run is signed when the run is made: nobody who starts one by hand chooses it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.hooks.store.runs.retention import forget_old_runs
from slipway.model.event import Event
from tests.fakes.git_server import Repository
from tests.slipway.operators.checkout.runs import RUN, check_out
from tests.slipway.sensors.polls import poke, remember, watch

pytestmark = pytest.mark.usefixtures("artifacts")

NIGHTLY = Event.of_schedule("nightly", "main")


def facts(run_id: str = RUN.run_id) -> RunFacts:
    return RunFacts(artifact_store(), dag_id="shop", run_id=run_id)


def test_a_commit_that_was_seen_is_a_push_of_its_branch_whatever_the_branch_does_since(
    repository: Repository,
) -> None:
    sha = repository.commit()
    [run] = poke(watch(repository))
    repository.git("branch", "topic")
    known = replace(RUN, run_id=run["trigger_run_id"])
    assert check_out(repository, run["conf"]["ref"], known).cause == Event.push("main")
    assert facts(known.run_id).announced() is not None
    assert run["conf"] == {"ref": sha}


def test_a_schedule_is_known_as_one(repository: Repository) -> None:
    sha = repository.commit()
    facts().announce(NIGHTLY, sha)
    checkout = check_out(repository, "refs/heads/main")
    assert (checkout.event, checkout.branch, checkout.tag) == (NIGHTLY, "main", None)


@pytest.mark.parametrize("mine", ["other run", "other commit"])
def test_what_was_announced_of_something_else_does_not_count(
    repository: Repository, mine: str
) -> None:
    sha = repository.commit()
    facts("commit__0" if mine == "other run" else RUN.run_id).announce(
        NIGHTLY, sha if mine == "other run" else "f" * 40
    )
    assert check_out(repository, sha).event == Event.push("main")


def test_what_was_announced_first_counts(repository: Repository) -> None:
    """Whoever announces once more, after a crash, says the same; somebody else says it too late."""
    sha = repository.commit()
    facts().announce(Event.push("main"), sha)
    facts().announce(NIGHTLY, sha)
    assert check_out(repository, sha).event == Event.push("main")


def test_an_announcement_that_was_put_there_stops_the_run(repository: Repository) -> None:
    sha = repository.commit()
    facts().announce(NIGHTLY, sha)
    store = artifact_store()
    [run] = store.keys("runs")
    [name] = store.keys(f"runs/{run}")
    said: Any = store.get_json(f"runs/{run}/{name}")
    said["event"]["kind"] = "promote"
    store.put_json(f"runs/{run}/{name}", said)
    with pytest.raises(AirflowFailException, match="not what was signed there"):
        check_out(repository, sha)


@pytest.mark.parametrize("fork", [True, False])
def test_a_pull_request_becomes_no_release(repository: Repository, fork: bool) -> None:
    sha = repository.commit()
    proposed = Event.pull_request(7, branch="main", source="topic", fork=fork)
    facts().announce(proposed, sha)
    with pytest.raises(AirflowFailException, match="about a pull_request, which becomes no"):
        check_out(repository, sha)


def test_a_run_that_has_not_begun_keeps_what_it_was_made_for(repository: Repository) -> None:
    from datetime import UTC, datetime

    sha = repository.commit()
    facts().announce(NIGHTLY, sha)
    assert list(forget_old_runs(artifact_store(), datetime.now(UTC))) == []
    assert check_out(repository, sha).event == NIGHTLY


def test_without_a_key_the_commit_is_handed_on_and_its_run_says_what_is_missing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit()
    monkeypatch.delenv("AIRFLOW_CONN_SLIPWAY_RECORDS")
    [run] = poke(watch(repository))
    with pytest.raises(AirflowFailException, match="no key to sign"):
        check_out(repository, run["conf"]["ref"], replace(RUN, run_id=run["trigger_run_id"]))


def test_a_commit_that_cannot_be_announced_is_not_passed_over(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit()
    remember(poke(watch(repository)))
    burst = [repository.commit(readme=f"burst {n}") for n in range(3)]
    announce = RunFacts.announce

    def away(facts: RunFacts, event: Event, sha: str) -> None:
        if sha == burst[1]:
            raise OSError
        announce(facts, event, sha)

    with monkeypatch.context() as patched:
        patched.setattr(RunFacts, "announce", away)
        first = poke(watch(repository))
    remember(first)
    then = poke(watch(repository))
    assert [run["conf"]["ref"] for run in (*first, *then)] == burst
