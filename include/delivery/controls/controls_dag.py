"""The DAG in which people hold an environment, stop the line, reject a release, and undo it.

Trigger it with what is to be done: Airflow knows who does, and that is who is noted. `fab hold`,
`fab stop`, `fab reject` and `fab resume` start such a run as well. What holds now, and who may do
what, is said in docs/rights.md.
"""

from __future__ import annotations

from collections.abc import Iterable

from airflow.sdk import DAG, Param

from include.delivery.controls.rights import rules_of
from include.delivery.defaults import LIMITS, RUNS, SHARED_DAG, ask
from include.project.model import Project
from slipway.operators.change_controls import ACTIONS, ChangeControlsOperator

CONTROLS = "controls"


def controls_dag(projects: Iterable[Project]) -> DAG:
    """Build the DAG for all projects.

    :param projects: whose environments people may hold and stop.
    """
    with DAG(
        dag_id=CONTROLS,
        description="Hold, resume, stop, reject: what people say of what may be deployed",
        doc_md=__doc__,
        schedule=None,
        # Nobody who pulls a brake waits for a run before it; the journal puts them in order.
        **{**SHARED_DAG, "max_active_runs": RUNS},
    ) as dag:
        ChangeControlsOperator(
            task_id="change",
            places={
                project.name: {name: rules_of(project, name).may for name in project.environments}
                for project in projects
            },
            execution_timeout=LIMITS["bookkeeping"],
        )
    ask(dag, _params())
    return dag


def _params() -> dict[str, Param]:
    # No project is an enum's value: each new one would make a new version of the DAG.
    return {
        "action": Param(
            ACTIONS[0].value,
            type="string",
            enum=[one.value for one in ACTIONS],
            title="What",
            description="hold: commits do not deploy there by themselves. resume: ends a hold and "
            "a stop. stop: nothing is deployed there. reject: a release is deployed nowhere. "
            "accept: takes a rejection back. cancel: a deployment that waits for its time never "
            "begins.",
        ),
        "project": _text("Project", "Empty: everything, for stop and resume.", 60),
        "environment": _text("Environment", "Empty: the whole project.", 60),
        "version": _text("Release", "For reject and accept: a version, or its sha.", 120),
        "why": _text("Why", "Shown to whoever is held up, with your name.", 500),
        "may_pass": _text(
            "Who may pass", "For stop: logins and role:NAME, with commas between them.", 500
        ),
        "run": _text("Run", "For cancel: its id. Empty: each that waits for its time there.", 250),
    }


def _text(title: str, words: str, most: int) -> Param:
    return Param(None, type=["null", "string"], maxLength=most, title=title, description=words)
