"""A run is started with what its DAG knows, or not at all."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.delivery.commit_dag import build, dag_ids
from include.delivery.commits_dag import commits_dag
from include.delivery.housekeeping_dag import housekeeping_dag
from include.project.freeze import Freeze
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from slipway.operators.check_freeze import CheckFreezeOperator
from slipway.tasks.params import is_dry_run, refuse_unknown, triggered_by

if TYPE_CHECKING:
    from airflow.sdk import DAG


def project() -> Project:
    plain = load_project(PROJECTS / "guestbook.yaml")
    fields = {"from": "2020-01-01", "until": "2100-01-01", "reason": "for good"}
    frozen = {"freeze": (Freeze.model_validate(fields),)}
    environments = {n: e.model_copy(update=frozen) for n, e in plain.environments.items()}
    return plain.model_copy(update={"environments": environments})


def dags() -> list[DAG]:
    one = project()
    own = [build(one, dag_id) for dag_id in dag_ids(one)]
    return [*own, commits_dag(lambda: [one]), housekeeping_dag([one])]


def start(dag: DAG, conf: dict[str, Any] | None) -> None:
    """Do what comes before each task of a run."""
    context: Any = {"dag": dag, "dag_run": SimpleNamespace(conf=conf)}
    refuse_unknown(context)


@pytest.mark.parametrize("dag", dags(), ids=lambda dag: dag.dag_id)
def test_every_dag_refuses_what_it_does_not_know_before_anything_runs(dag: DAG) -> None:
    for root in dag.roots:
        task: Any = root
        hook: Any = getattr(task, "_pre_execute_hook", None) or task.partial_kwargs["pre_execute"]
        context: Any = {"dag": dag, "dag_run": SimpleNamespace(conf={"zzz": 1})}
        with pytest.raises(AirflowFailException, match=f"{dag.dag_id} knows no parameter 'zzz'"):
            hook(context)
    for fine in (None, {}, {name: 1 for name in dag.params}):
        start(dag, fine)


@pytest.mark.parametrize(
    ("dag_id", "key", "near"),
    [
        ("guestbook.prod", "versoin", "version"),
        ("guestbook.prod", "Version", "version"),
        ("guestbook.prod", "dry-run", "dry_run"),
        ("guestbook.prod", "dryrun", "dry_run"),
        ("guestbook.prod", "DRY_RUN", "dry_run"),
        ("guestbook.prod", "freeze", "override_freeze"),
        ("guestbook", "refs", "ref"),
    ],
)
def test_the_nearest_right_key_is_named(dag_id: str, key: str, near: str) -> None:
    with pytest.raises(AirflowFailException, match=f"did you mean '{near}'") as told:
        start(build(project(), dag_id), {key: "previous"})
    assert "nothing was done: trigger a new run" in str(told.value)


def test_what_else_there_is_is_named() -> None:
    known = "it knows override_freeze, pass_stop, ref, urgent;"
    with pytest.raises(AirflowFailException, match=known):
        start(build(project(), "guestbook"), {"ref": "main", "qqqqq": 1})
    with pytest.raises(AirflowFailException, match="it knows none at all"):
        start(housekeeping_dag([project()]), {"keep": 1})


def test_a_key_is_text() -> None:
    with pytest.raises(AirflowFailException, match=r"<U\+000A>"):
        start(build(project(), "guestbook"), {"ref\n[2026] all is well": 1})


def test_a_dry_run_does_not_let_a_commit_through_its_freeze() -> None:
    dag = build(project(), "guestbook")
    gate: Any = dag.get_task("check_freeze")
    assert isinstance(gate, CheckFreezeOperator)
    context: Any = {"dag": dag, "params": {"dry_run": True}, "dag_run": None}
    assert not is_dry_run(context)
    gate.skip = False
    with pytest.raises(AirflowFailException, match="for good"):
        gate.execute(context)
    prod = build(project(), "guestbook.prod")
    context["dag"] = prod
    assert is_dry_run(context)


@pytest.mark.parametrize(
    ("run", "who"),
    [
        (SimpleNamespace(triggering_user_name="ada", run_type="manual"), "ada"),
        (SimpleNamespace(triggering_user_name=None, run_type="operator_triggered"), "a commit"),
        (SimpleNamespace(triggering_user_name=None, run_type="manual"), "an unnamed user"),
        (None, "an unnamed user"),
    ],
)
def test_who_started_a_run_is_known(run: Any, who: str) -> None:
    context: Any = {"dag_run": run}
    assert triggered_by(context) == who
