"""What was planned beforehand for a time to come, and whether that is what begins then.

What people were asked about lies in the book of approvals. Where nobody is asked, the plan is what
the run's task signed. Both are compared with what the task finds that plans again at the time; and
whatever was marked as successful, what begins the change looks for its word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from slipway.exceptions import FactMissing, PlanOutdated
from slipway.fleet.capacity import serving_version
from slipway.hooks.store.approvals import Proposal
from slipway.model.fact import Fact
from slipway.tasks.at_a_time.moment import planned_time, require_its_time
from slipway.tasks.kept_facts import keep_fact, kept_fact, run_facts

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.fleet.cloud import Cloud
    from slipway.model.facts import Release
    from slipway.tasks.consent import Admission

# The tasks, by their ids in an environment's DAG.
PLAN, WAIT = "plan", "wait_for_time"
_ANEW = "nothing was changed: trigger a new run"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedAgain(Fact):
    """That a run's time has come, and what it found then is what had been planned.

    :param at: the time, as the run was given it.
    :param replaces: the version that served then; empty for none.
    """

    at: str
    replaces: str


def keep_plan(context: Context, proposal: Proposal) -> None:
    """Sign what is planned for a time to come.

    :param context: of the task that plans.
    :param proposal: the plan.
    """
    keep_fact(context, proposal.release, proposal.to_json())


def agreed_plan(context: Context, admission: Admission | None) -> Proposal:
    """Return what was planned beforehand, and approved where people are asked.

    :param context: the task's.
    :param admission: of the environment.
    :raises FactMissing: when nothing was.
    """
    if admission is not None and admission.asks:
        ti: Any = context["ti"]
        found = admission.book.proposal(ti.dag_id, ti.run_id)
        if found is None:
            msg = "nothing was planned in this run, so nobody knows what is to happen"
            raise FactMissing(msg, advice=_ANEW)
        return found
    return Proposal.from_json(kept_fact(context, PLAN).told)


def keep_planned_again(context: Context, release: Release, replaces: str) -> None:
    """Sign that what was planned still holds, at the run's time.

    :param context: of the task that planned again.
    :param release: that comes.
    :param replaces: the version that serves; empty for none.
    """
    again = PlannedAgain(at=str(planned_time(context)), replaces=replaces)
    keep_fact(context, release, again.to_json())


def require_planned_again(context: Context, cloud: Cloud, version: str, now: datetime) -> None:
    """Make sure that a run which is set for a time begins at that, and as it was planned.

    :param context: of a task that would begin the change.
    :param cloud: where the fleet is.
    :param version: the release that comes.
    :param now: with its zone.
    :raises NotItsTime: when the time is still to come, or passed long ago.
    :raises FactMissing: when nobody planned again.
    :raises PlanOutdated: when another release came in between, or it was another that was planned.
    """
    planned = planned_time(context)
    if planned is None or run_facts(context) is None:
        return
    require_its_time(context, now)
    kept = kept_fact(context, WAIT)
    again = PlannedAgain.from_json(kept.told)
    serving = serving_version(cloud.observe()) or ""
    same = (kept.release.version, again.at) == (version, str(planned))
    if same and serving in (again.replaces, version):
        return
    msg = (
        f"what was planned for {again.at} is {kept.release.version} in place of "
        f"{again.replaces or 'nothing'}, but this is {version}, and {serving or 'nothing'} serves"
    )
    raise PlanOutdated(msg, advice="look at what came in between, then trigger a new run")
