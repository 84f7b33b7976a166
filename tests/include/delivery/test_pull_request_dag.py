"""The DAG of proposals: up to the package, whatever the project has besides."""

from __future__ import annotations

from typing import Any, cast

import pytest

from include.delivery.commit_dag import build, dag_ids
from include.delivery.defaults import RUNS
from include.delivery.targets import watching_of
from include.project.model import Project, Repository
from include.project.repository.pull_requests import PullRequests
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.policies.pull_requests import Asks
from tests.include.delivery.commit_dag.packages import building
from tests.include.delivery.commit_dag.projects import edges_of
from tests.include.delivery.proposal_projects import URL, asking


def test_only_what_asks_for_it_has_one() -> None:
    assert "guestbook.pr" not in dag_ids(asking())
    assert "guestbook.pr" not in dag_ids(asking(pull_requests=False))
    assert "guestbook.pr" in dag_ids(asking(pull_requests=True))
    assert "guestbook.pr" in dag_ids(asking(watch={"branches": ["feature/*"]}))


def test_nothing_runs_before_it_was_let_in_and_nothing_follows_the_package() -> None:
    dag = build(asking(pull_requests=True), "guestbook.pr")
    assert set(dag.task_ids) == {
        "checkout",
        "approve_commit",
        "test",
        "rehearse_migrations",
        "build_deb",
    }
    edges = edges_of(dag)
    assert ("checkout", "approve_commit") in edges
    for task in ("test", "rehearse_migrations", "build_deb"):
        assert ("approve_commit", task) in edges
        assert not dag.get_task(task).downstream_task_ids
    deb, test = (cast("Any", dag.get_task(name)) for name in ("build_deb", "test"))
    assert (deb.keep, test.numbers) == (False, "guestbook.pr")
    commit = build(asking(pull_requests=True), "guestbook")
    deb, test = (cast("Any", commit.get_task(name)) for name in ("build_deb", "test"))
    assert (deb.keep, test.numbers) == (True, "")


def test_many_that_wait_for_a_person_hold_up_nobody() -> None:
    dag = build(asking(pull_requests=True), "guestbook.pr")
    assert dag.max_active_runs >= 100
    assert dag.get_task("test").max_active_tis_per_dag == RUNS
    assert dag.get_task("approve_commit").max_active_tis_per_dag is None


def test_both_halves_of_a_pipeline_wait_for_it() -> None:
    built = building(asking(pull_requests=True), **{"from": "build"})
    dag = build(built, "guestbook.pr")
    edges = edges_of(dag)
    assert {("approve_commit", "build"), ("build", "test"), ("build", "build_deb")} <= edges
    assert {cast("Any", dag.get_task(name)).numbers for name in ("build", "test")} == {
        "guestbook.pr"
    }


@pytest.mark.parametrize("asks", list(Asks))
def test_the_project_file_says_who_is_asked(asks: Asks) -> None:
    project = asking(pull_requests={"approve": asks.value})
    task = cast("Any", build(project, "guestbook.pr").get_task("approve_commit"))
    assert task.asks is asks
    assert task.paths == (".drone.yml", "migrations")


def test_the_watcher_is_told_where_pull_requests_are() -> None:
    assert watching_of(asking()).pull_requests is None
    assert watching_of(asking(pull_requests=True)).pull_requests == ForgePlace(
        kind=ForgeKind.GITEA,
        server="https://git.example.com",
        path="acme/guestbook",
        connection="host",
    )


def test_a_newer_commit_ends_older_ones_unless_the_project_says_otherwise() -> None:
    ends = build(asking(pull_requests=True), "guestbook.pr").get_task("test")
    stays = build(asking(pull_requests=True, supersede=False), "guestbook.pr").get_task("test")
    assert hasattr(ends, "superseding")
    assert not hasattr(stays, "superseding")


@pytest.mark.parametrize("written", [3, "yes", ["forks"], {"approve": "me"}, {"aprove": "forks"}])
def test_what_is_no_setting_is_refused(written: Any) -> None:
    with pytest.raises(ValueError, match="pull_requests"):
        asking(pull_requests=written)


def test_defaults_and_their_absence() -> None:
    assert asking(pull_requests=True).repository.pull_requests == PullRequests(approve=Asks.FORKS)
    assert asking().repository.pull_requests is None


def test_a_host_without_a_token_is_said() -> None:
    with pytest.raises(ValueError, match="pull requests need a token"):
        Repository.model_validate({"url": URL, "pull_requests": True})


def test_no_environment_has_its_name() -> None:
    project = asking(pull_requests=True)
    dev = next(iter(project.environments.values()))
    written = {
        **project.model_dump(by_alias=True),
        "environments": {"pr": dev.model_dump(by_alias=True)},
    }
    with pytest.raises(ValueError, match=r"guestbook\.pr is the DAG of pull requests"):
        Project.model_validate(written)
