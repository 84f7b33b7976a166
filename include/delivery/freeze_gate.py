"""What a run of an environment with freeze windows has more than one without."""

from __future__ import annotations

from airflow.sdk import Param

from include.delivery import documentation
from include.delivery.defaults import LIMITS
from include.project.model import Environment
from slipway.operators.check_freeze import CheckFreezeOperator
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.consent import Admission
from slipway.tasks.params import OVERRIDE_FREEZE


def freeze_windows(environment: Environment) -> list[FreezeWindow]:
    """Say to an operator when an environment is frozen."""
    return [freeze.window() for freeze in environment.freeze]


def freeze_params(environment: Environment) -> dict[str, Param]:
    """Return the param that lets a run through; none where there is nothing to get through."""
    if not environment.freeze:
        return {}
    windows = "; ".join(str(freeze.window()) for freeze in environment.freeze)
    return {
        OVERRIDE_FREEZE: Param(
            None,
            type=["null", "string"],
            minLength=1,
            maxLength=500,
            title="Override the freeze",
            description=f"Why this run cannot wait. Frozen: {windows}",
        )
    }


def freeze_gate(
    environment: Environment, admission: Admission, *, skip: bool = False
) -> CheckFreezeOperator | None:
    """Add the task that stops within a window; None where there are no windows.

    :param environment: whose windows.
    :param admission: of the environment.
    :param skip: skip what follows instead of failing.
    """
    if not environment.freeze:
        return None
    return CheckFreezeOperator(
        task_id="check_freeze",
        windows=freeze_windows(environment),
        admission=admission,
        skip=skip,
        execution_timeout=LIMITS["bookkeeping"],
        doc_md=documentation.task("check_freeze"),
    )
