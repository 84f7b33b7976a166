"""Where a deployment waits for the time that it is set for, and is looked at once more then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from slipway.model.facts import Json
from slipway.model.text.inert import visible
from slipway.operators.check_freeze import held_up
from slipway.operators.plan import LONGEST_LINE, PlanOperator
from slipway.policies.freeze_windows import FreezeWindow
from slipway.policies.planned_again import departures
from slipway.policies.planned_time import LATEST, PlannedTime, until
from slipway.policies.waiting import for_its_time
from slipway.tasks.at_a_time.agreed import agreed_plan, keep_planned_again
from slipway.tasks.at_a_time.moment import planned_time
from slipway.tasks.consent import Admission
from slipway.tasks.controls.allowed import require_not_cancelled, require_open
from slipway.tasks.controls.person import asked_at
from slipway.tasks.controls.refusals import NotAsPlanned, NotItsTime
from slipway.tasks.kept_facts import forget_fact
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.waiting import Telling
from slipway.triggers.clock import ClockTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

# The XCom: what no longer holds of the plan.
DEPARTURES = "departures"
_ANEW = "nothing was changed: look at what came in between, then trigger a new run"


class WaitForTimeOperator(PlanOperator):
    """Wait for the time that the run is set for, then plan again; go on only if it is the same.

    No worker waits: a trigger does, which outlives every restart. When the time has come the
    calendar is asked, and what people held, stopped and rejected, and everything is looked at anew.
    What differs from the plan that people know ends the run, with the difference in the log and in
    the XCom ``departures``. A run that is set for no time goes on at once.

    :param admission: of the environment.
    :param windows: of the environment.
    :param clock: the time now, with its zone.

    Example::

        wait = WaitForTimeOperator(
            task_id="wait_for_time",
            package=record["package"],
            target=target,
            image=ImageOutlook(layers=layers, aws_conn_id="aws_default"),
            schema=None,
            always=True,
            admission=Admission(project="shop", environment="prod"),
        )
    """

    # For slipway.tasks.maintenance: what comes next may come at any time.
    asks_people = True

    def __init__(
        self,
        *,
        admission: Admission,
        windows: Sequence[FreezeWindow] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **kwargs: Any,
    ) -> None:
        super().__init__(admission=admission, **kwargs)
        self.let_in = admission
        self.windows = tuple(windows)
        self.clock = clock

    def execute(self, context: Context) -> None:
        """Wait, where there is something to wait for.

        :raises AirflowFailException: when somebody cancelled it, its time passed without it, the
            way is closed, or what was planned no longer holds.
        """
        planned = planned_time(context)
        if planned is None:
            self.log.info("the run is set for no time, so it goes on")
            return
        forget_fact(context)
        self._go_on(context, planned, Telling(context, self.log.info))

    def resume(self, context: Context, event: Json) -> None:
        """Come back from the triggerer."""
        planned = planned_time(context)
        if planned is not None:
            self._go_on(context, planned, Telling(context, self.log.info, told=True))

    def _go_on(self, context: Context, planned: PlannedTime, telling: Telling) -> None:
        now = self.clock()
        with no_retry_on_input_error():
            if now < planned.at:
                require_not_cancelled(context, self.let_in)
        if now < planned.at:
            self._wait(context, planned, telling, now)
        telling.over()
        with no_retry_on_input_error():
            if now - planned.at > LATEST:
                msg = f"{planned} passed without it: it is {now:%Y-%m-%d %H:%M} UTC by now"
                raise NotItsTime(msg, advice=_ANEW)
            self._plan_again(context, planned, now)

    def _wait(
        self, context: Context, planned: PlannedTime, telling: Telling, now: datetime
    ) -> NoReturn:
        telling.wait(for_its_time(planned, since=now.timestamp()))
        self.log.info("that is in %s; `fab cancel` ends the wait", until(planned, now))
        ti: Any = context["ti"]
        self.defer(
            trigger=ClockTrigger(
                until=planned.seconds,
                project=self.let_in.project,
                environment=self.let_in.environment,
                run_id=ti.run_id,
                asked_at=asked_at(context),
            ),
            method_name="resume",
            # A triggerer that is away for so long ends the run as this task would.
            timeout=planned.at - now + LATEST + timedelta(minutes=10),
        )

    def _plan_again(self, context: Context, planned: PlannedTime, now: datetime) -> None:
        self._context = context
        agreed, package = agreed_plan(context, self.admission), self._package()
        held_up(self.windows, now, context, self.log, self.admission)
        require_open(context, self.let_in, package.release.version)
        if self.preflight is not None:
            self._require_open(self.preflight, package, context)
        lines = [visible(one, LONGEST_LINE) for one in self._lines(context, package, dry=False)]
        found = departures(agreed.lines, lines)
        if (agreed.release, agreed.sha256) != (package.release, package.digest):
            found.insert(0, f"+ package {package.release.version} {package.digest[:16]}")
        if found:
            ti: Any = context["ti"]
            ti.xcom_push(key=DEPARTURES, value=found)
            told = "\n".join(f"  {line}" for line in found)
            msg = f"what was planned for {planned} no longer holds:\n{told}"
            raise NotAsPlanned(msg, advice=_ANEW)
        self.log.info("%s has come, and what was planned for it still holds", planned)
        keep_planned_again(context, package.release, self._replaces)
