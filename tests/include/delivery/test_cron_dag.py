"""A schedule's DAG: when it runs, and that nothing of it is ever released."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from airflow._shared.timezones.timezone import coerce_datetime
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables import trigger as timetables
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction

from include.delivery.commit_dag import build, dag_ids
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from include.project.triggers import Trigger


@pytest.fixture(scope="module")
def project() -> Project:
    nightly = Trigger.model_validate({"cron": "0 3 * * * Europe/Berlin"})
    weekly = Trigger.model_validate({"cron": "@weekly", "branch": "develop"})
    return load_project(PROJECTS / "guestbook.yaml").model_copy(
        update={"triggers": {"nightly": nightly, "weekly": weekly}}
    )


def test_each_schedule_has_a_dag_of_its_own(project: Project) -> None:
    assert dag_ids(project)[-2:] == ["guestbook.cron.nightly", "guestbook.cron.weekly"]
    dag = build(project, "guestbook.cron.nightly")
    assert dag.task_ids == ["checkout", "test"]
    checkout: Any = dag.get_task("checkout")
    assert (checkout.cron, checkout.ref, checkout.branch) == ("nightly", "refs/heads/main", "main")


def test_another_branch_than_the_delivered_one_is_run(project: Project) -> None:
    checkout: Any = build(project, "guestbook.cron.weekly").get_task("checkout")
    assert (checkout.ref, checkout.branch) == ("refs/heads/develop", "main")
    assert "develop" in checkout.branches


def test_nothing_is_taken_for_a_package(project: Project) -> None:
    package = project.package.model_copy(update={"built": ("bin/*",), "built_by": "compile"})
    test: Any = build(
        project.model_copy(update={"package": package}), "guestbook.cron.nightly"
    ).get_task("test")
    assert (test.share.paths, test.share.pipeline, test.share.part.value) == ((), None, "whole")


def test_a_dag_reads_the_same_each_time(project: Project) -> None:
    one, other = (
        DagSerialization.to_dict(build(project, "guestbook.cron.nightly")) for _ in range(2)
    )
    assert one == other


def at(now: datetime, project: Project, last: datetime | None) -> DagRunInfo:
    """Ask Airflow's own scheduler for the next run, at some time."""
    read: Any = DagSerialization.from_dict(
        DagSerialization.to_dict(build(project, "guestbook.cron.nightly"))
    )
    before = DataInterval.exact(coerce_datetime(last)) if last else None
    with mock.patch.object(timetables, "utcnow", return_value=now):
        found = read.timetable.next_dagrun_info(
            last_automated_data_interval=before,
            restriction=TimeRestriction(None, None, catchup=read.catchup),
        )
    assert isinstance(found, DagRunInfo)
    return found


def test_the_first_run_waits_for_its_time(project: Project) -> None:
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert at(noon, project, None).run_after == datetime(2026, 11, 28, 2, tzinfo=UTC)


def test_a_dag_that_is_read_anew_at_its_time_is_not_passed_over(project: Project) -> None:
    moment = datetime(2026, 11, 28, 2, 0, 5, tzinfo=UTC)
    assert at(moment, project, None).run_after == datetime(2026, 11, 28, 2, tzinfo=UTC)


def test_summer_and_winter_time_are_the_zones(project: Project) -> None:
    last = datetime(2027, 3, 27, 2, tzinfo=UTC)
    now = datetime(2027, 3, 27, 12, tzinfo=UTC)
    assert at(now, project, last).run_after == datetime(2027, 3, 28, 1, tzinfo=UTC)


def test_of_many_nights_that_passed_one_at_most_is_left(project: Project) -> None:
    last = datetime(2026, 11, 1, 2, tzinfo=UTC)
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    assert at(now, project, last).run_after == datetime(2026, 11, 27, 2, tzinfo=UTC)
