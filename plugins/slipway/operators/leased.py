"""One change of an environment at a time: a run takes the environment's lease before it begins.

The lease belongs to the run, not to a task or a try, so each task takes it anew, and what a
killed try of it still has on its mind is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import EnvironmentBusy, EnvironmentFrozen, LeaseHeld, SlipwayError
from slipway.fleet.capacity import serving_version
from slipway.fleet.lease import Lease
from slipway.model.facts import Json, MachineImage
from slipway.model.target import DeployTarget
from slipway.operators.check_freeze import held_up
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.at_a_time.agreed import require_planned_again
from slipway.tasks.board.show import show_step
from slipway.tasks.consent import Admission, Consent
from slipway.tasks.controls.opening import Opening
from slipway.tasks.lease.takeover import run_lease
from slipway.tasks.making_way.superseded_run import end_for
from slipway.tasks.order.landing import landed, overtaken, skip_if_landed
from slipway.tasks.outcomes import note_started
from slipway.tasks.own_swap import forget_swap, name_of_swap, name_of_way_back, own_swap
from slipway.tasks.params import OVERRIDE_FREEZE
from slipway.tasks.waiting import turn_to_deploy
from slipway.triggers.lease import LeaseTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.fleet.cloud import Cloud
    from slipway.model.cloud.lease import LeaseRecord
    from slipway.tasks.order.branch_order import BranchOrder

LEASE = "lease"
# Seconds: how long a worker waits itself, since a deferral costs nearly three; how long a run
# waits for another altogether; and between two looks.
_POKE_FIRST, _LONGEST, _PAUSE = 15.0, 7200.0, 1.0


class LastLook(Protocol):
    """Looks at the cloud once more before the first change, as a plan's preflight does."""

    def require_open(self, image: MachineImage, log: Callable[..., None]) -> None:
        """Make sure that the way is open, at the last moment before the first change.

        :param image: that is to be launched.
        :param log: a logger's method; told what could not be looked at.
        :raises PreflightFailed: when something that the swap will need is missing or wrong.
        """


class LeasedOperator(BaseOperator):
    """Waits until no other run changes the environment, without a worker if it takes long.

    Whatever task it is whose turn comes first in a run, it asks for the freeze windows and looks
    at what was planned: so a run that waited, or whose earlier tasks were passed by, begins nothing
    within a window. What has begun goes on.

    :param admission: what the environment lets in; None lets everything in.
    :param windows: of the environment.
    :param skip_frozen: skip what follows, instead of failing; for runs that nobody started by
        hand.
    :param clock: the time now, with its zone.
    :param preflight: looks once more whether the way is open; a task that may be the first to
        change something has one, and so what waited for its turn meets no closed door half way.
    :param order: of the commits, where each of them lands by itself: an older one never lands after
        a newer one, and is skipped. None where a person chose the release.
    :param back: of the commits, where each of them lands by itself and a person chose the release:
        a way back holds the environment.
    """

    # What is launched, :class:`slipway.model.facts.MachineImage` as JSON.
    image: Any = None

    def __init__(
        self,
        *,
        admission: Admission | None = None,
        windows: Sequence[FreezeWindow] = (),
        skip_frozen: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        preflight: LastLook | None = None,
        order: BranchOrder | None = None,
        back: BranchOrder | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.preflight = preflight
        self.order = order
        self.back = back
        self.admission = admission
        self.windows = tuple(windows)
        self.skip_frozen = skip_frozen
        self.clock = clock
        self._waiting_since: float | None = None

    def execute(self, context: Context) -> Any:
        """Do the work, in turn."""
        return self.work(context)

    def resume(self, context: Context, event: Json, since: float) -> Any:
        """Come back from the triggerer, and ask for the turn again."""
        self._waiting_since = since
        return self.work(context)

    def work(self, context: Context) -> Any:
        """Do the work; :meth:`acquire_lease` comes first, so that it may begin a second time.

        :param context: the task's.
        """
        raise NotImplementedError

    def acquire_lease(
        self,
        context: Context,
        cloud: Cloud,
        target: DeployTarget,
        release: str,
        *,
        begin: Callable[[], None] | None,
        soaked: bool = False,
        consent: Consent | None = None,
        admit: Callable[[LeaseRecord | None], None] | None = None,
    ) -> Lease:
        """Take the lease; who has it is in the log, and in the XCom ``lease``.

        :param context: the task's.
        :param cloud: where the lease lies.
        :param target: the environment.
        :param release: the version that the run brings in.
        :param begin: raises when the run must not begin its swap; None for the way back.
        :param soaked: its soak is over.
        :param consent: the yes by which it does.
        :param admit: raises when it must not, after what the lease has on record.
        :raises ApprovalUsedUp: when the swap of that yes is over.
        :raises PreflightFailed: when something that the swap will need is missing or wrong.
        :raises EnvironmentFrozen: when the task would begin a change within a freeze window.
        :raises AirflowSkipException: likewise, for a run that need not fail.
        :raises Superseded: when a newer commit has landed.
        :raises InputError: when somebody or a right closes the way, or it is not the run's time.
        :raises EnvironmentBusy: naming the owner, when that one takes longer than two hours.
        """
        lease = run_lease(context, cloud, self.log.info)
        admit = admit or (consent.admit if consent else _anybody)
        if consent:
            self.log.info("%s", consent.approval)
        begun: list[LeaseRecord | None] = []
        opening = self._opening(context, release, announced=begin is not None)

        def still_open(held: LeaseRecord | None) -> None:
            self._require_turn(context, cloud, target, release, held)
            opening.require()

        def begins(held: LeaseRecord | None, allowed: Callable[[], None]) -> None:
            still_open(held)
            opening.let_go_first()
            opening.begins(frozen=self._begin(context, allowed))
            begun.append(held)

        def admitted(held: LeaseRecord | None) -> str:
            admit(held)
            if begin is None:
                return name_of_way_back()
            ours = own_swap(held, lease.owner, release)
            return name_of_swap(context, release, ours, partial(begins, held, begin))

        plan = consent.proposal.name if consent else ""
        take = partial(lease.acquire, release, soaked=soaked, plan=plan, admit=admitted)
        mine = self._in_turn(take, target, context)
        if begun:
            self._begin_in_order(lease, release, context, partial(still_open, begun[-1]))
        if begin is not None and self.back is not None:
            opening.hold_if_back(self.back, cloud, begun)
        self._tell(context, lease, mine)
        if begin is not None:
            note_started(context, target, release, consent, partial(_serving, cloud), self.image)
        show_step(context, target.project, target.environment)
        return lease

    def _opening(self, context: Context, version: str, *, announced: bool) -> Opening:
        opening = Opening(
            context=context,
            admission=self.admission,
            version=version,
            log=self.log,
            skip=self.skip_frozen,
        )
        if announced:
            opening.announce()
        return opening

    def _in_turn(
        self, take: Callable[[], LeaseRecord], target: DeployTarget, context: Context
    ) -> LeaseRecord:
        """Take the lease as soon as nobody else has it."""
        with turn_to_deploy(context, target, self._waiting_since, self.log.info) as turn:
            while True:
                try:
                    return take()
                except LeaseHeld as held:
                    turn.wait(held.message)
                    self._wait(held, target, turn.since)

    def _tell(self, context: Context, lease: Lease, mine: LeaseRecord) -> None:
        self.log.info("lease: %s, generation %s", lease.name, mine.generation)
        said = {"name": lease.name, "owner": mine.owner, "generation": mine.generation}
        ti: Any = context["ti"]
        ti.xcom_push(key=LEASE, value=said)

    def _begin(self, context: Context, begin: Callable[[], None]) -> bool:
        frozen = bool(self.windows) and self._thawed(context)
        begin()
        if self.preflight is not None and self.image is not None:
            self.preflight.require_open(MachineImage.from_json(self.image), self.log.info)
        return frozen

    def _begin_in_order(
        self, lease: Lease, release: str, context: Context, still_open: Callable[[], None]
    ) -> None:
        """Look once more, now that nobody else changes anything: a swap may be quick."""
        try:
            still_open()
        except (AirflowSkipException, SlipwayError):
            forget_swap(context)
            lease.finish(release)
            raise

    def _require_turn(
        self,
        context: Context,
        cloud: Cloud,
        target: DeployTarget,
        release: str,
        held: LeaseRecord | None,
    ) -> None:
        require_planned_again(context, cloud, release, self.clock())
        if self.order is None:
            return
        place, there = (target.project, target.environment), landed(cloud.observe(), held)
        newer = overtaken(self.order, *place, release, there, self.log.warning)
        if newer is not None:
            self.log.warning("%s", newer)
            end_for(newer.by, context.get("ti"), str(newer))
        skip_if_landed(context, target, release, there)

    def _thawed(self, context: Context) -> bool:
        """Ask the calendar; returns whether a freeze is overridden."""
        try:
            found = held_up(self.windows, self.clock(), context, self.log, self.admission)
        except EnvironmentFrozen as frozen:
            advice = (
                "nothing was changed by this task: run it again after the window; if it cannot "
                f"wait, trigger a new run with {OVERRIDE_FREEZE} and say why"
            )
            told = EnvironmentFrozen(frozen.message, advice=advice)
            if self.skip_frozen:
                raise AirflowSkipException(str(told)) from frozen
            raise told from frozen
        return found is not None

    def _wait(self, held: LeaseHeld, target: DeployTarget, since: float) -> None:
        waited = time.time() - since
        if waited > _LONGEST:
            msg = f"{held.message}, and has for {waited / 60:.0f} min"
            advice = "end that run if it hangs; then clear this task to go on from here"
            raise EnvironmentBusy(msg, advice=advice)
        if waited < _POKE_FIRST:
            time.sleep(_PAUSE)
            return
        self.defer(
            trigger=LeaseTrigger(environment=target.to_json()),
            method_name="resume",
            kwargs={"since": since},
            timeout=timedelta(seconds=_LONGEST),
        )


def _serving(cloud: Cloud) -> str:
    """Return the version that serves; empty for none."""
    return serving_version(cloud.observe()) or ""


def _anybody(held: LeaseRecord | None) -> None:
    """Let everybody begin, where nobody was asked."""
