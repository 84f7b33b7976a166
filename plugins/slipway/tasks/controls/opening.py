"""The moment in which a swap begins, under its environment's lease: may it, and who goes first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slipway.exceptions import LeaseHeld, RepositoryUnreachable
from slipway.fleet.capacity import serving_version
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.controls import Action, Urgent
from slipway.model.edition import SAME
from slipway.model.text.inert import visible
from slipway.tasks.controls.allowed import (
    URGENT,
    controls_of,
    hold_after_way_back,
    note,
    note_passed,
    require_open,
)
from slipway.tasks.editions.kept import takes_back
from slipway.tasks.kept_facts import run_facts
from slipway.tasks.lease.takeover import ALIVE
from slipway.tasks.order.landing import landed, overtaken
from slipway.tasks.params import reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from slipway.fleet.cloud import Cloud
    from slipway.model.cloud.lease import LeaseRecord
    from slipway.tasks.consent import Admission
    from slipway.tasks.order.branch_order import BranchOrder


@dataclass(kw_only=True)
class Opening:
    """What is asked, and noted, as a run's swap begins; without an admission nothing is.

    :param context: the task's.
    :param admission: of the environment.
    :param version: the release that the run brings in.
    :param log: a logger.
    :param skip: skip what may not begin, instead of failing; for runs that nobody started by hand.
    """

    context: Context
    admission: Admission | None
    version: str
    log: Any
    skip: bool = False
    _passes_stop: bool = False

    def announce(self) -> None:
        """Note for good that the run is urgent, so that others let it go first.

        :raises InputError: when it may not begin at all.
        """
        why, facts = reason_of(self.context, URGENT), run_facts(self.context)
        if self.admission is not None and why and facts is not None and facts.swap() is None:
            require_open(self.context, self.admission, self.version, skip=self.skip)
            note(self.context, self.admission, Action.URGENT, version=self.version, why=why)

    def require(self) -> None:
        """Make sure that the swap may begin.

        :raises AirflowSkipException: likewise, for a run that need not fail.
        :raises InputError: when somebody closed the way, or has no right to what he asks for.
        """
        if self.admission is None:
            return
        passed = require_open(self.context, self.admission, self.version, skip=self.skip)
        self._passes_stop = passed is not None

    def let_go_first(self) -> None:
        """Let an urgent run go first, which waits for the same turn.

        :raises LeaseHeld: when there is one.
        """
        urgent = controls_of(self.admission).urgent if self.admission is not None else None
        if urgent is not None and self._waits(urgent):
            msg = (
                f"{visible(urgent.version)} goes first, which is urgent: {visible(urgent.why, 500)}"
            )
            raise LeaseHeld(msg)

    def begins(self, *, frozen: bool) -> None:
        """Note what the swap begins in spite of; before its first change.

        :param frozen: it overrides a freeze.
        """
        if self.admission is not None:
            passes = {"stop": self._passes_stop, "freeze": frozen}
            note_passed(self.context, self.admission, self.version, **passes)

    def hold_if_back(
        self, order: BranchOrder, cloud: Cloud, begun: Sequence[LeaseRecord | None]
    ) -> None:
        """Hold the environment, where what comes would not have landed after what serves.

        After the last look, for what is refused there holds nothing; and before the first change:
        whatever is killed from here on, the next push does not undo it.

        :param order: of the commits.
        :param cloud: where the fleet is.
        :param begun: the lease as it was found when the swap began; nothing for one that goes on,
            which is held if it was killed before it could be.
        """
        if self.admission is None:
            return
        fleet = cloud.observe()
        serving = serving_version(fleet)
        new = fleet.of(self.version)
        if serving in (None, self.version) or (not begun and new is not None and new.attached):
            return
        if reason_of(self.context, "version") == SAME:
            return  # it goes forward, also to settings that were had before
        target = (self.admission.project, self.admission.environment)
        try:
            there = landed(fleet, begun[-1] if begun else None)
            # Or the next push would bring the settings again that somebody went back from.
            back = takes_back(*target, self.version, str(serving)) or (
                overtaken(order, *target, self.version, there, self.log.warning) is not None
            )
        except RepositoryUnreachable as error:
            self.log.warning("nobody can say which is newer, so it counts as a way back: %s", error)
            back = True
        if back:
            admission, say = self.admission, self.log.warning
            hold_after_way_back(self.context, admission, self.version, str(serving), say)

    def _waits(self, urgent: Urgent) -> bool:
        """Tell whether a run that is urgent still waits, and this one does not go first itself."""
        ti: Any = self.context.get("ti")
        if ti is None or reason_of(self.context, URGENT):
            return False
        facts = RunFacts(artifact_store(), dag_id=urgent.dag_id, run_id=urgent.run_id)
        if (urgent.dag_id, urgent.run_id) == (ti.dag_id, ti.run_id) or facts.swap() is not None:
            return False
        return bool(ti.get_dr_count(dag_id=urgent.dag_id, run_ids=[urgent.run_id], states=ALIVE))
