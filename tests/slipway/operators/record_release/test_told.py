"""What a task is told by another is what that one signed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import ReleaseAltered
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.model.event import Event
from slipway.model.facts import Checkout, DebPackage
from slipway.model.git.repository import Repository
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.publish_apt import PublishAptOperator
from slipway.operators.record_release import RecordDeploymentOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.consent import Admission
from slipway.tasks.kept_facts import keep_fact, same_as_kept
from tests.slipway.operators.commit_runs import facts_of, sign, sign_all
from tests.slipway.operators.record_release import runs
from tests.slipway.operators.record_release.runs import RUN, refused
from tests.slipway.operators.releases import catalogue, make_record

pytestmark = pytest.mark.usefixtures("artifacts")
apt = runs.apt


def operators(checkout: Any, deb: Any) -> list[Any]:
    git = {"checkout": checkout, "repository": Repository(url="git://127.0.0.1:1/x")}
    return [
        RunPipelineOperator(task_id="test", **git),
        GooseRehearseOperator(
            task_id="rehearse_migrations", directory="migrations", postgres=15, **git
        ),
        BuildDebOperator(
            task_id="build_deb", package="shop", nfpm_file="n", unit="shop.service", **git
        ),
        PublishAptOperator(task_id="publish_apt", deb=deb),
    ]


@pytest.mark.parametrize("number", range(4))
def test_an_edited_xcom_is_named_by_the_task_that_was_told(number: int) -> None:
    sign_all(RUN, "1")
    edited = facts_of(make_record("2"))
    operator = operators(edited["checkout"].to_json(), edited["build_deb"].to_json())[number]
    with pytest.raises(AirflowFailException, match="told something else than"):
        operator.execute(RUN.context)


@pytest.mark.parametrize("number", range(4))
def test_a_task_does_no_work_for_one_that_was_marked_as_successful(number: int) -> None:
    facts = facts_of(make_record("1"))
    operator = operators(facts["checkout"].to_json(), facts["build_deb"].to_json())[number]
    with pytest.raises(AirflowFailException, match=r"(checkout|build_deb) signed nothing"):
        operator.execute(RUN.context)


@pytest.mark.parametrize("task", ["test", "rehearse_migrations", "build_deb"])
def test_what_was_done_for_another_event_makes_no_release(task: str) -> None:
    """Checkout was run again alone: of a push, other steps than these would have been run."""
    record = make_record("1")
    release, facts = record.checkout.release, facts_of(record)
    before = dataclasses.replace(record.checkout, event=Event.of_commit(release.sha))
    sign_all(RUN, "1")
    sign(RUN, release, **{"checkout": before, task: facts[task]})
    sign(RUN, release, checkout=record.checkout)
    refused(f"{task} did its work with something else than what checkout signed", schema={})


def test_a_run_that_signed_before_there_were_digests_begins_anew(artifacts: Any) -> None:
    record = make_record("1")
    for task, fact in facts_of(record).items():
        keep_fact(
            dataclasses.replace(RUN, task_id=task).context, record.checkout.release, fact.to_json()
        )
    refused("this run began before an upgrade: trigger a new run", schema={})


def test_a_package_is_published_of_the_build_that_was_signed() -> None:
    facts = facts_of(make_record("1"))
    deb = facts["build_deb"]
    assert isinstance(deb, DebPackage)
    sign_all(RUN, "1")
    other = dataclasses.replace(deb, artifact="deb/other")
    sign(RUN, deb.release, checkout=facts["checkout"], build_deb=other)
    refused("publish_apt did its work with something else than what build_deb signed", schema={})


def test_what_a_task_returned_is_what_the_next_one_may_be_told() -> None:
    facts = facts_of(make_record("1"))
    checkout = Checkout.from_json(facts["checkout"].to_json())
    deb = DebPackage.from_json(facts["build_deb"].to_json())
    assert same_as_kept({}, "checkout", checkout) is checkout  # no run, so nobody signs
    sign_all(RUN, "1")
    assert same_as_kept(RUN.context, "checkout", checkout) == checkout
    assert same_as_kept(RUN.context, "build_deb", deb) == deb
    with pytest.raises(ReleaseAltered, match="told something else than build_deb"):
        same_as_kept(RUN.context, "build_deb", dataclasses.replace(deb, artifact="deb/other"))


@pytest.mark.parametrize("asks", [True, False])
@pytest.mark.parametrize(
    "edit",
    [
        {"project": "bank"},
        {"sha": "e" * 40},
        {"version": "never"},
        {"version": "../../../releases/shop/1"},
    ],
)
def test_the_history_is_of_releases_of_this_project_alone(
    edit: dict[str, str], asks: bool, artifacts: Any
) -> None:
    catalogue("1")
    before = sorted(artifacts.rglob("*.json"))
    admission = Admission(project="shop", environment="dev", asks=asks)
    operator = RecordDeploymentOperator(
        task_id="record_deployment",
        release=make_record("1").checkout.release.to_json() | edit,
        environment="dev",
        admission=admission,
    )
    with pytest.raises(AirflowFailException):
        operator.execute(RUN.context)
    history = DeploymentHistory(artifact_store())
    assert history.versions("bank", "dev") == history.versions("shop", "dev") == []
    assert sorted(artifacts.rglob("*.json")) == before
