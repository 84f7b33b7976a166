"""The task that runs a release's pipeline for its promotion, where the project asks for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.delivery import documentation
from include.delivery.controls.rights import admission_of
from include.delivery.defaults import LIMITS
from include.delivery.freeze_gate import freeze_windows
from include.delivery.release_tasks import pipeline_settings
from include.delivery.targets import order_of
from slipway.operators.promotion.run_promotion import RunPromotionOperator

if TYPE_CHECKING:
    from include.project.model import Project
    from slipway.model.target import DeployTarget

PROMOTE = "promote"


def promotion(
    project: Project,
    target: DeployTarget,
    record: Any,
    *,
    skip_frozen: bool,
    by_itself: bool,
) -> RunPromotionOperator | None:
    """Add the task; None where the environment does not ask for it.

    :param project: the project.
    :param target: the environment.
    :param record: the output of the task that has the release's record; ``[]`` is one part.
    :param skip_frozen: within a freeze it is skipped, instead of failing.
    :param by_itself: no person chose the release.
    """
    environment = project.environments[target.environment]
    if not environment.promotion:
        return None
    return RunPromotionOperator(
        task_id=PROMOTE,
        target=target,
        release=record["release"],
        admission=admission_of(project, target.environment, by_itself=by_itself),
        order=order_of(project),
        windows=freeze_windows(environment),
        skip_frozen=skip_frozen,
        by_itself=by_itself,
        execution_timeout=project.test.timeout + LIMITS["bookkeeping"],
        doc_md=documentation.task(PROMOTE),
        **pipeline_settings(project),
    )
