"""Holds a run up while its environment is frozen, unless somebody says why it must go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import EnvironmentFrozen
from slipway.links.extra import ENVIRONMENT
from slipway.model.facts import Json
from slipway.model.text.inert import visible
from slipway.policies.freeze_windows import FreezeWindow, freeze_at
from slipway.tasks.at_a_time.moment import moment_of
from slipway.tasks.consent import Admission
from slipway.tasks.controls.allowed import require_override
from slipway.tasks.params import OVERRIDE_FREEZE, freeze_override, is_dry_run, triggered_by
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckFreezeOperator(BaseOperator):
    """Stop, or skip what follows, within a freeze window.

    :param windows: of the environment.
    :param skip: skip what follows, instead of failing; for runs that nobody started by hand.
    :param clock: the time now, with its zone.
    :param admission: of the environment: who may override its freezes.
    :returns: the window, who overrode it and why, if somebody did; otherwise None.

    Example::

        check = CheckFreezeOperator(
            task_id="check_freeze", windows=freeze_windows(environment), skip=True
        )
    """

    ui_color = "#e0f2fe"
    operator_extra_links = ENVIRONMENT

    def __init__(
        self,
        *,
        windows: Sequence[FreezeWindow],
        skip: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        admission: Admission | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.admission = admission
        self.windows = tuple(windows)
        self.skip = skip
        self.clock = clock

    def execute(self, context: Context) -> Json | None:
        """Look at the calendar.

        :raises AirflowSkipException: in a window, for a run that need not fail.
        """
        with no_retry_on_input_error():
            try:
                return held_up(self.windows, self.clock(), context, self.log, self.admission)
            except EnvironmentFrozen as frozen:
                if self.skip:
                    raise AirflowSkipException(str(frozen)) from frozen
                raise


def held_up(
    windows: Sequence[FreezeWindow],
    now: datetime,
    context: Context,
    log: Any,
    admission: Admission | None = None,
) -> Json | None:
    """Ask whether a run must stop here.

    :param windows: of the environment.
    :param now: with its zone; of a run that is set for a time to come, that time counts.
    :param context: the task's, for the run's params.
    :param log: a logger.
    :param admission: of the environment: who may override; None lets everybody.
    :returns: the override that let the run through a window, None outside of all windows.
    :raises EnvironmentFrozen: naming the window and its end.
    :raises NotAllowed: when whoever gave a reason may not override.
    """
    freeze = freeze_at(windows, moment_of(context, now))
    if freeze is None:
        log.info("no freeze window is open")
        return None
    if is_dry_run(context):
        log.warning("frozen by %s; a dry run changes nothing, so it goes on", freeze)
        return None
    reason = freeze_override(context)
    if not reason:
        msg = f"frozen by {freeze}"
        advice = f"run it later; if it cannot wait, run it with {OVERRIDE_FREEZE} and say why"
        raise EnvironmentFrozen(msg, advice=advice)
    if admission is not None:
        require_override(context, admission)
    who = triggered_by(context)
    log.warning("frozen by %s; overridden by %s: %s", freeze, visible(who), visible(reason, 500))
    return {"window": str(freeze.window), "by": who, "reason": reason}
