"""The DAG that gives one environment a release of choice: production, and every way back."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param

from include.delivery import documentation
from include.delivery.freeze_gate import freeze_gate, freeze_params, freeze_windows
from include.delivery.house_rules import LIMITS, project_dag
from include.delivery.project import Project
from include.delivery.swap_group import bake_and_swap, fleet_target
from slipway.operators.approval import REASON, ApproveReleaseOperator
from slipway.operators.choose_release import CHOOSE, NEWEST, PREVIOUS, ChooseReleaseOperator
from slipway.operators.image_layers import Layers
from slipway.operators.outlook import ImageOutlook, SchemaOutlook
from slipway.operators.plan import PLAN, REPLACES, PlanOperator
from slipway.operators.run_params import DRY_RUN
from slipway.schema_policy import OnRollBack

# At once of one environment: those that wait for a person, and those that wait for their turn.
RUNS = 8
_VERSION = "{{ ti.xcom_pull('choose_release', key='release')['version'] }}"
# Each line is code, since names in it are a repository's; Airflow's UI would fold a block of code.
_LINES = (
    f"{{% for line in ti.xcom_pull('plan', key='{PLAN}') %}}"
    "- `{{ line | replace('`', ' ') }}`\n{% endfor %}\n"
)
# A template, for an XComArg would draw an arrow from the plan to each task that has to know.
_REPLACES = f"{{{{ ti.xcom_pull('plan', key='{REPLACES}') or '' }}}}"


def environment_dag(project: Project, name: str) -> DAG:
    """Build the DAG of one environment.

    :param project: the project.
    :param name: the environment's name.
    """
    environment = project.environments[name]
    with DAG(
        dag_id=f"{project.name}.{name}",
        description=f"Put a release of {project.name} on {name}; also the way back",
        doc_md=documentation.environment_dag(project, name),
        params=_params(project, name),
        # A way back does not queue behind a run that waits for its approval; the lease orders them.
        **{**project_dag(project, name), "max_active_runs": RUNS},
    ) as dag:  # fmt: skip
        gate = freeze_gate(environment)
        chosen = _choice(project, name)
        if gate:
            gate >> chosen
        plan = _plan(project, name, chosen.output)
        replaces = _REPLACES if environment.approval else None
        first = bake_and_swap(project, name, chosen.output, reuse=True, replaces=replaces)
        if environment.approval:
            plan >> _approval(project, name) >> first
        else:
            plan >> first
    return dag


def _params(project: Project, name: str) -> dict[str, Param]:
    source = _before(project, name)
    nothing = f"what {source} runs now" if source else "the newest release"
    # Real versions would have to be read from the artifact store each time this file is parsed,
    # and would make a new version of the DAG of each release.
    return {
        "version": Param(
            None, type=["null", "string"], maxLength=120, title="Release",
            examples=[PREVIOUS, CHOOSE, NEWEST],
            description=f"Empty: {nothing}. '{PREVIOUS}': the last good release before the one "
            f"that serves now. '{CHOOSE}': from a list, under Required Actions. '{NEWEST}', a "
            "version, or the first characters of its sha.",
        ),
        DRY_RUN: Param(
            False, type="boolean", title="Dry run",
            description="Print what would be done, and change nothing.",
        ),
        **freeze_params(project.environments[name]),
    }  # fmt: skip


def _before(project: Project, name: str) -> str | None:
    """Return the environment that releases come from, where no other is named."""
    return None if project.continuous == name else project.continuous


def _choice(project: Project, name: str) -> ChooseReleaseOperator:
    source = _before(project, name)
    return ChooseReleaseOperator(
        task_id="choose_release", environment=fleet_target(project, name).to_json(),
        before=fleet_target(project, source).to_json() if source else None,
        version="{{ params.version or '' }}",
        source={
            "url": project.repository.url, "branch": project.repository.branch,
            "connection": project.repository.connection,
        },
        # It may have to fetch the repository.
        execution_timeout=LIMITS["checkout"], doc_md=documentation.task("choose_release"),
    )  # fmt: skip


def _plan(project: Project, name: str, record: Any) -> PlanOperator:
    environment, migrations = project.environments[name], project.migrations
    layers = Layers(
        region=environment.aws.region, unit=project.package.unit, config=project.package.config
    )
    schema = None
    if migrations is not None:
        schema = SchemaOutlook(
            url=project.repository.url, connection=project.repository.connection,
            directory=migrations.directory, database_conn_id=environment.database or "",
            on_roll_back=migrations.on_roll_back,
        )  # fmt: skip
    return PlanOperator(
        task_id="plan", package=record["package"], schema=schema,
        environment=fleet_target(project, name).to_json(),
        image=ImageOutlook(layers=layers, aws_conn_id=environment.aws.connection),
        # A person approves a plan; and where a roll back may have to stop, it stops before a bake.
        always=environment.approval
        or bool(migrations and migrations.on_roll_back is OnRollBack.STOP),
        execution_timeout=LIMITS["cloud"], doc_md=documentation.task("plan"),
    )  # fmt: skip


def _approval(project: Project, name: str) -> ApproveReleaseOperator:
    """A person says yes; a no fails the run, so that nobody mistakes it for a deployment."""
    environment = project.environments[name]
    override = (
        "{% set over = ti.xcom_pull('check_freeze') %}{% if over %}The freeze"
        " ({{ over.window }}) is overridden by {{ over.by }}: {{ over.reason }}{% endif %}"
    )
    return ApproveReleaseOperator(
        task_id="approve", windows=freeze_windows(environment),
        subject=f"Deploy {project.name} {_VERSION} to {name}?",
        body=_LINES + (override if environment.freeze else ""),
        params={
            REASON: Param(
                None, type=["null", "string"], maxLength=1000, title="Why",
                description="Kept with the run, with your name and the time.",
            )
        },
        response_timeout=LIMITS["approve"], doc_md=documentation.task("approve"),
    )  # fmt: skip
