"""Who may do what, as a project file says it, for the tasks that ask; and what runs are asked."""

from __future__ import annotations

from airflow.sdk import Param

from include.project.model import Project
from slipway.policies.rights import May, Rules
from slipway.tasks.consent import Admission
from slipway.tasks.controls.allowed import PASS_STOP, URGENT


def rules_of(project: Project, name: str) -> Rules:
    """Return what an environment asks of people.

    :param project: the project.
    :param name: the environment's name.
    """
    environment = project.environments[name]
    return Rules(
        may=May(**environment.may.model_dump()),
        approvals=environment.approvals,
        four_eyes=environment.four_eyes,
        people=project.people,
    )


def admission_of(project: Project, name: str, *, by_itself: bool = False) -> Admission:
    """Say to an operator what one environment lets in.

    :param project: the project.
    :param name: the environment's name.
    :param by_itself: no person chose the release: it is a commit's own deployment.
    """
    return Admission(
        project=project.name,
        environment=name,
        asks=project.environments[name].approval,
        rules=rules_of(project, name),
        by_itself=by_itself,
    )


def reason_params() -> dict[str, Param]:
    """Return the params by which a run passes a stop, or goes ahead of others."""
    return {
        PASS_STOP: _reason("Pass a stop", "Why this run may not wait for the end of the stop."),
        URGENT: _reason("Urgent", "Why this run goes ahead of others that wait; kept for good."),
    }


def _reason(title: str, words: str) -> Param:
    return Param(
        None,
        type=["null", "string"],
        minLength=1,
        maxLength=500,
        title=title,
        description=words,
    )
