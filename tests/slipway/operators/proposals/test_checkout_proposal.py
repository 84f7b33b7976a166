"""What a run of a proposal is about: what was signed for it, merged, and never a release."""

from __future__ import annotations

from dataclasses import replace

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import Event
from slipway.model.facts import Checkout
from slipway.operators.checkout import CheckoutOperator
from slipway.pipeline.compiler.variables import build_variables, event_of
from tests.fakes.git_server import Repository
from tests.slipway.hooks.git.proposing import propose
from tests.slipway.operators.proposals.pull_requests import RUN, TITLE, check_out, pull_request

pytestmark = pytest.mark.usefixtures("artifacts")


def test_what_merges_is_tested_as_the_branch_would_be_with_it(repository: Repository) -> None:
    repository.commit(base="1")
    repository.git("tag", "v1.4.0")
    head = propose(repository, topic="2")
    target = repository.commit(other="3")
    event = pull_request()
    checkout = check_out(repository, said=(event, head))
    assert checkout.release.sha == head
    assert checkout.release.version == "1.4.0+3~pr7"
    assert checkout.merge is not None
    assert checkout.files == checkout.merge.sha != head
    assert (checkout.merge.target, checkout.event) == (target, event)
    assert (checkout.branch, checkout.delivered) == ("main", "main")
    assert Checkout.from_json(checkout.to_json()) == checkout


def test_what_does_not_merge_is_tested_as_it_is_and_the_files_are_named(
    repository: Repository, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.commit(base="1")
    head = propose(repository, base="2")
    repository.commit(base="3")
    checkout = check_out(repository, said=(pull_request(), head))
    assert checkout.files == head
    assert checkout.merge is not None
    assert checkout.merge.conflicts == ("base",)
    told = caplog.text + capsys.readouterr().out
    assert "it does not merge with main, so it is tested as it is; in conflict: base" in told


def test_drones_variables_are_those_of_a_pull_request(repository: Repository) -> None:
    repository.commit(base="1")
    head = propose(repository, topic="2")
    event = pull_request(ref="refs/pull-requests/7/from", head="refs/pull/7/head")
    checkout = check_out(repository, said=(event, head))
    variables = build_variables(checkout, event_of(checkout))
    told = {name: variables[name] for name in variables if name.startswith(("DRONE_", "CI_"))}
    assert told["DRONE_BUILD_EVENT"] == "pull_request"
    assert told["DRONE_BUILD_ACTION"] == "opened"
    assert told["DRONE_PULL_REQUEST"] == "7"
    assert told["DRONE_PULL_REQUEST_TITLE"] == TITLE
    assert told["DRONE_SOURCE_BRANCH"] == "topic"
    assert told["DRONE_TARGET_BRANCH"] == told["DRONE_BRANCH"] == "main"
    assert told["DRONE_COMMIT_REF"] == "refs/pull-requests/7/from"
    assert told["DRONE_COMMIT_SHA"] == head
    assert "DRONE_TAG" not in told


def test_a_run_by_hand_is_about_a_branch_and_nothing_that_was_only_proposed(
    repository: Repository,
) -> None:
    repository.commit(base="1")
    head = propose(repository, topic="2")
    repository.git("checkout", "--quiet", "-b", "feature/x_1")
    topic = repository.commit("topic", mine="1")
    checkout = check_out(repository, "refs/heads/feature/x_1")
    assert checkout.release.sha == topic
    assert checkout.release.version == "0.0.0+2~feature.x.1"
    assert checkout.cause == Event.push("feature/x_1")
    assert check_out(repository, topic).cause == Event.push("feature/x_1")
    for ref in (head, "refs/pull/7/head", "7/head"):
        with pytest.raises(AirflowFailException, match=r"no branch|there is no|names no commit"):
            check_out(repository, ref)


def test_a_watched_branch_is_what_was_announced(repository: Repository) -> None:
    repository.commit(base="1")
    repository.git("checkout", "--quiet", "-b", "topic")
    sha = repository.commit("topic")
    repository.git("branch", "a-other")
    event = Event.push("topic")
    assert check_out(repository, sha, (event, sha)).cause == event


def test_whoever_starts_a_run_by_hand_does_not_choose_whom_to_trust(
    repository: Repository,
) -> None:
    """The run's parameters name another ref than was signed: what was signed counts."""
    repository.commit(base="1")
    head = propose(repository, topic="2")
    checkout = check_out(repository, "refs/heads/main", (pull_request(), head))
    assert (checkout.release.sha, checkout.cause.fork) == (head, True)


def test_what_was_tested_is_no_release_for_the_commits_dag(repository: Repository) -> None:
    repository.commit(base="1")
    head = propose(repository, topic="2")
    check_out(repository, said=(pull_request(), head))
    run = replace(RUN, dag_id="shop", run_id="manual__1")
    for ref in (head, head[:10], "refs/pull/7/head"):
        operator = CheckoutOperator(
            task_id="checkout", project="shop", repository=repository.source, ref=ref, branch="main"
        )
        with pytest.raises(AirflowFailException, match=r"no branch|there is no|names no commit"):
            operator.execute(run.context)
    # Nor when somebody signs the pull request for a run of that DAG.
    facts = RunFacts(artifact_store(), dag_id="shop", run_id="manual__1")
    sha = repository.git("rev-parse", "main")
    facts.announce(pull_request(), sha)
    operator = CheckoutOperator(
        task_id="checkout", project="shop", repository=repository.source, ref=sha, branch="main"
    )
    with pytest.raises(AirflowFailException, match="becomes no release"):
        operator.execute(run.context)
