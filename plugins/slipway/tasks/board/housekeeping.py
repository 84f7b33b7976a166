"""What housekeeping says of an environment: all that its project file, fleet and records say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.environments.history import Deployments
from slipway.hooks.store.environments.snapshots import Snapshots
from slipway.model.board.snapshot import ApprovalWanted, EnvironmentSnapshot, Freeze
from slipway.model.fleet import Fleet
from slipway.policies.freeze_windows import FreezeWindow, next_freeze
from slipway.tasks.board.brakes import show_hold
from slipway.tasks.board.show import beside, open_question, picture, show_newer


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a project file says of an environment that a list of them shows.

    :param place: its rank among the project's, from 0 on.
    :param continuous: each commit of the delivered branch lands there by itself.
    :param asks: a person has to approve each deployment.
    :param approvals: how many people have to.
    :param windows: when it is frozen.
    """

    place: int = 0
    continuous: bool = False
    asks: bool = False
    approvals: int = 1
    windows: tuple[FreezeWindow, ...] = ()


def show_all(
    store: ArtifactStore,
    project: str,
    environment: str,
    fleet: Fleet,
    listed: Listed,
    is_alive: Callable[[ApprovalWanted], bool],
) -> None:
    """Show all that is known of an environment.

    :param store: that has the records.
    :param project: the project's name.
    :param environment: the environment's.
    :param fleet: as observed.
    :param listed: what its project file says.
    :param is_alive: tells whether the run that asks somebody still does.
    """
    with beside(f"{project} {environment}"):
        # Else all notes were read at each look, and by the first deployment under its lease.
        Deployments(store).begin(project, environment)
        seen = picture(store, project, environment, fleet)
        freeze = freeze_of(listed.windows, datetime.now(UTC))

        def change(before: EnvironmentSnapshot) -> EnvironmentSnapshot:
            asked = before.approval
            said = replace(
                before,
                place=listed.place,
                continuous=listed.continuous,
                asks=listed.asks,
                freeze=freeze,
                approval=asked if asked is not None and is_alive(asked) else None,
            )
            return seen(said)

        Snapshots(store).change(project, environment, change)
    show_hold(store, project, environment)


def show_release(project: str, listed: Mapping[str, Listed]) -> None:
    """Show a new release on the environments of its project, those that nothing serves in as well.

    :param project: the project's name.
    :param listed: what its project file says of each environment.
    """
    show_newer(project, {name: partial(_first, listed=one) for name, one in listed.items()})


def _first(before: EnvironmentSnapshot, listed: Listed) -> EnvironmentSnapshot:
    return replace(before, place=listed.place, continuous=listed.continuous, asks=listed.asks)


def rebuild(
    store: ArtifactStore,
    project: str,
    environment: str,
    fleet: Fleet,
    listed: Listed,
    is_alive: Callable[[ApprovalWanted], bool],
) -> int:
    """Make again, from nothing, all that is kept along of an environment.

    Parameters are those of :func:`show_all`. A hold stays as it is shown where the journal of them
    cannot be believed.

    :returns: how many deployments are on record.
    """
    found = Deployments(store).rebuild(project, environment)
    seen = picture(store, project, environment, fleet)
    freeze = freeze_of(listed.windows, datetime.now(UTC))
    asked = open_question(store, project, environment, is_alive, listed.approvals)

    def change(before: EnvironmentSnapshot) -> EnvironmentSnapshot:
        blank = EnvironmentSnapshot(
            project=project,
            environment=environment,
            place=listed.place,
            continuous=listed.continuous,
            asks=listed.asks,
            freeze=freeze,
            approval=asked,
            hold=before.hold,
        )
        return seen(blank)

    Snapshots(store).change(project, environment, change)
    show_hold(store, project, environment)
    return found


def freeze_of(windows: Sequence[FreezeWindow], now: datetime) -> Freeze | None:
    """Return the window that is open, or the one that opens next.

    :param windows: the environment's.
    :param now: with its zone.
    """
    found = next_freeze(windows, now)
    if found is None:
        return None
    begins, until = found.begins.timestamp(), found.until.timestamp()
    return Freeze(why=found.window.reason, begins=begins, until=until)
