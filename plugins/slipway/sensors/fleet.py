"""What the sensors of the swap share: poke first, defer only if it takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.configuration import conf

from slipway.exceptions import CloudUnavailable, UnhealthyRelease
from slipway.fleet.gates import Gate, GateResult, evaluate
from slipway.fleet.patience import Patience, pause_after
from slipway.fleet.swap import Swap
from slipway.links.extra import WATCH
from slipway.model.facts import MachineImage
from slipway.model.target import DeployTarget
from slipway.operators.swap import open_swap
from slipway.tasks.board.show import show_step
from slipway.tasks.failure.failed_release import FailedRelease
from slipway.tasks.making_way.queued_behind import newer_commit_queued
from slipway.tasks.retries import PersonsMistake, no_retry_on_input_error
from slipway.triggers.fleet import FleetTrigger
from slipway.triggers.remarks import Remarks

if TYPE_CHECKING:
    from airflow.sdk import Context

# A deferral costs nearly three seconds, whatever it waits for; most gates open sooner.
POKE_FIRST = 20.0
# Seconds at least between two pokes later on, in a worker or in the triggerer.
PATIENT = 1.0
# Seconds between two questions about one machine alone.
_GLANCES = 0.05
# Seconds that Airflow's own limits leave to the gate's, whose message says more.
_MARGIN = 120.0


class FleetSensor(BaseSensorOperator):
    """Waits at one gate of the swap.

    :param target: the environment.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON.
    :param deferrable: wait in the triggerer when it takes longer than ``POKE_FIRST`` seconds.
    """

    template_fields: Sequence[str] = ("image",)
    ui_color = "#fce7f3"
    operator_extra_links = WATCH
    gate: Gate
    # Seconds between the first pokes. A look is four calls, so the cloud's own pace is added to it.
    pause = 0.2

    def __init__(
        self,
        *,
        target: DeployTarget,
        image: Any,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        canary = target.canary.soak if target.canary else 0.0
        limit = max(target.health_timeout, target.soak, canary)
        super().__init__(**{"poke_interval": self.pause, "timeout": limit + _MARGIN, **kwargs})
        self.target = target
        self.image = image
        default = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = default if deferrable is None else deferrable
        self._remarks = Remarks()

    def execute(self, context: Context) -> Any:
        """Poke; a deferrable sensor leaves the worker after ``POKE_FIRST`` seconds."""
        since = time.time()
        show_step(context, self.target.project, self.target.environment)
        with no_retry_on_input_error(), self._explained(context):
            swap = open_swap(self.target, MachineImage.from_json(self.image), self.log.info)
            patience = self._patience(context)
            while not (verdict := self._ask(swap, time.time() - since)).passed:
                patience.check(verdict.message, verdict.patience)
                waited = time.time() - since
                late = waited > POKE_FIRST
                if self.deferrable and late:
                    self._leave(since)
                if late or verdict.cheap_recheck is None:
                    least = max(self.poke_interval, PATIENT) if late else self.poke_interval
                    time.sleep(pause_after(waited, least=least))
                else:
                    _await(verdict.cheap_recheck)
        self._show_passed(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Come back from the triggerer.

        :raises AirflowFailException: when the gate stays shut.
        :raises CloudUnavailable: when the cloud was away for too long; the task tries again.
        """
        if event.get("retry"):
            raise CloudUnavailable(event["error"])
        if "error" in event:
            if event.get("unhealthy", True):
                self._explain(context, event["error"], since=float(event.get("at", 0.0)))
            raise PersonsMistake(event["error"])
        self.log.info("passed")
        self._show_passed(context)

    def _show_passed(self, context: Context) -> None:
        if self.gate is Gate.IN_SERVICE:
            show_step(context, self.target.project, self.target.environment, serving=True)

    @contextmanager
    def _explained(self, context: Context) -> Iterator[None]:
        """Have the machines of a release that fails say why, while they are there."""
        try:
            yield
        except UnhealthyRelease as error:
            self._explain(context, error.message)
            raise

    def _explain(self, context: Context, why: str, since: float = 0.0) -> None:
        release = MachineImage.from_json(self.image).release
        failed = FailedRelease(
            target=self.target,
            version=release.version,
            context=context,
            log=lambda line: self.log.info("%s", line),
            since=since,
        )
        failed.explain(why)

    def _ask(self, swap: Swap, waited: float) -> GateResult:
        verdict = evaluate(self.gate, swap, waited=waited)
        if self._remarks.due(verdict.message, last=verdict.passed):
            self.log.info("%s", verdict.message)
        return verdict

    def _patience(self, context: Context) -> Patience:
        ti: Any = context.get("ti")
        return Patience(
            newer=lambda: (
                newer_commit_queued(ti.dag_id, ti.run_id, ti.get_dr_count) if ti else None
            ),
            limit=self.target.health_timeout,
        )

    def _leave(self, since: float) -> None:
        trigger = FleetTrigger(
            gate=self.gate.value,
            environment=self.target.to_json(),
            image=self.image,
            since=since,
            poll=max(self.poke_interval, PATIENT),
        )
        # execution_timeout is not enforced while a task is deferred.
        limit = timedelta(seconds=float(self.timeout))
        self.defer(trigger=trigger, method_name="execute_complete", timeout=limit)


def _await(news: Callable[[], bool]) -> None:
    """Wait for news of a machine, but not for long: there are others."""
    until = time.monotonic() + PATIENT
    while time.monotonic() < until and not news():
        time.sleep(_GLANCES)
