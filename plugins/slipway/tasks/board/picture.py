"""What to say of an environment, by its fleet and its deployments. Pure.

What is said before plays a part only where neither knows: the step that a run is at, a hold, a
question. So what is kept along is what would be made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from slipway.fleet.capacity import serving_version
from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.model.board.snapshot import (
    EnvironmentSnapshot,
    IllRelease,
    Machines,
    Serving,
    Standby,
    UnderWay,
)
from slipway.model.cloud.failure_report import FailureReport, MachineReport
from slipway.model.facts.outcome import Outcome
from slipway.model.fleet import Fleet, ServerGroup

_BAD = (Outcome.FAILED, Outcome.ROLLED_BACK)


def with_fleet(before: EnvironmentSnapshot, fleet: Fleet, now: float) -> EnvironmentSnapshot:
    """Say what the fleet shows: which release serves, and with how many machines.

    :param before: what is said now.
    :param fleet: as observed.
    :param now: when that was, in seconds since 1970.
    """
    version = serving_version(fleet)
    group = fleet.of(version) if version else None
    there = before.serving
    serving = None
    if version:
        same = there if there and there.version == version else Serving(version=version)
        live_since = float(group.live_since or 0) if group else 0.0
        serving = Serving(version=version, commit=same.commit, since=live_since)
    under_way = before.under_way
    if under_way is not None:
        comes = fleet.of(under_way.version)
        step = under_way.step or step_of(comes)
        under_way = replace(under_way, machines=_machines(comes), step=step)
    # What was seen of one group says nothing of another.
    by_hand = before.by_hand
    same_group = group is not None and by_hand is not None and by_hand.group == group.name
    return replace(
        before,
        serving=serving,
        machines=_machines(group),
        by_hand=by_hand if same_group else None,
        standbys=_standbys(fleet.groups),
        under_way=under_way,
        seen_at=now,
    )


def step_of(group: ServerGroup | None) -> str:
    """Name the task that a deployment is at, by what is there of its release.

    :param group: of the release that comes; None where nothing was launched.
    """
    if group is None:
        return "launch"
    if not group.attached:
        return "shift_traffic" if group.complete else "fleet_healthy"
    if group.live_since is None:
        return "soak" if group.in_service else "fleet_in_service"
    return "retire_old"


def with_deployments(
    before: EnvironmentSnapshot,
    past: Sequence[DeploymentRecord],
    reports: Iterable[FailureReport] = (),
    *,
    fleet_was_seen: bool = False,
) -> EnvironmentSnapshot:
    """Say what is on record: who brought what serves, what is under way, what failed last.

    :param before: what is said now.
    :param past: the environment's last deployments, the newest first.
    :param reports: what ill machines said, the newest first.
    :param fleet_was_seen: which version serves is what was said before, by the fleet.
    """
    ended = next((one for one in past if not one.is_under_way), None)
    under_way = next((one for one in past if one.is_under_way), None)
    last = past[0] if past else None
    version = before.serving.version if before.serving else ""
    if ended is not None and ended is last and ended.serves and not fleet_was_seen:
        version = ended.serves
    serving = _serving(before.serving, version, past) if version else None
    # One before the last that nobody ended is no longer under way.
    going = under_way if under_way is last else None
    return replace(
        before,
        serving=serving,
        under_way=_under_way(before.under_way, going) if going else None,
        ill=_ill(past, reports),
    )


def _serving(there: Serving | None, version: str, past: Sequence[DeploymentRecord]) -> Serving:
    """Tell who brought a version; one that comes is told of once it serves."""
    own = [one for one in past if one.release.version == version]
    found = next((one for one in own if one.outcome is Outcome.SUCCEEDED), None)
    if found is None:
        found = next((one for one in own if one.is_under_way), None)
    since = there.since if there and there.version == version else 0.0
    if found is None:
        known = there.commit if there and there.version == version else CommitLine()
        return Serving(version=version, since=since, commit=known)
    return Serving(
        version=version,
        commit=found.commit,
        since=found.serving_at or found.ended_at or since,
        asked_by=found.asked_by,
        approved_by=found.approved_by,
        why=found.why,
        came_from=found.came_from,
        replaced=found.replaced,
        dag_id=found.dag_id,
        run_id=found.run_id,
        brings=found.brings,
    )


def _under_way(there: UnderWay | None, going: DeploymentRecord) -> UnderWay:
    made = UnderWay(
        version=going.release.version,
        commit=going.commit,
        since=going.started_at,
        swap=going.swap,
        asked_by=going.asked_by,
        approved_by=going.approved_by,
        came_from=going.came_from,
        dag_id=going.dag_id,
        run_id=going.run_id,
    )
    if there is None or there.swap != going.swap:
        return made
    return replace(
        made,
        step=there.step,
        step_since=there.step_since,
        machines=there.machines,
        serving_at=there.serving_at,
    )


def failed_last(past: Iterable[DeploymentRecord]) -> DeploymentRecord | None:
    """Return the last deployment that ended, if it failed.

    :param past: the environment's last deployments, the newest first.
    """
    last = next((one for one in past if not one.is_under_way), None)
    return last if last is not None and last.outcome in _BAD else None


def _ill(past: Iterable[DeploymentRecord], reports: Iterable[FailureReport]) -> IllRelease | None:
    last = failed_last(past)
    if last is None:
        return None
    version = last.release.version
    found = (one for one in reports if (one.version, one.run_id) == (version, last.run_id))
    report = next(found, None)
    return IllRelease(
        version=version,
        at=last.ended_at,
        why=last.failure or (report.why if report else ""),
        machines=report.ill if report else (),
        reason=_reason(report.machines) if report else "",
        run_id=last.run_id,
    )


def _reason(machines: Iterable[MachineReport]) -> str:
    """Return the first machine's word that says anything."""
    return next((line for one in machines if (line := one.telling_line)), "")


def _machines(group: ServerGroup | None) -> Machines:
    if group is None:
        return Machines()
    healthy = group.serving if group.attached else group.up
    return Machines(healthy=healthy, wanted=group.desired)


def _standbys(groups: Iterable[ServerGroup]) -> tuple[Standby, ...]:
    warm = [
        Standby(version=one.version, until=one.standby_until)
        for one in groups
        if one.version and one.standby_until is not None and not one.deleting and not one.attached
    ]
    return tuple(sorted(warm, key=lambda one: (-one.until, one.version)))
