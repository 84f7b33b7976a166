"""Has snapshots say what people hold and reject, once that is in the journal."""

from __future__ import annotations

from dataclasses import replace

from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.environments.snapshots import Snapshots
from slipway.model.board.snapshot import EnvironmentSnapshot, Hold
from slipway.model.controls import Action, ControlEvent, Scope
from slipway.tasks.board.show import beside, show_newer


def show_control(event: ControlEvent) -> None:
    """Show what was noted just now, or by an earlier try, as far as it changes what is shown.

    :param event: as it is noted.
    """
    if event.action in (Action.HOLD, Action.RESUME) and event.environment:
        show_hold(artifact_store(), event.project, event.environment)
    if event.action in (Action.REJECT, Action.ACCEPT):
        show_newer(event.project)


def show_hold(store: ArtifactStore, project: str, environment: str) -> None:
    """Show whether an environment is held, as the journal says.

    :param store: that has the journal.
    :param project: the project's name.
    :param environment: the environment's.
    """

    def change(before: EnvironmentSnapshot) -> EnvironmentSnapshot:
        # Looked up for each attempt: whoever was quicker may have shown what came after.
        held = ControlBook(store).state(Scope(project=project, environment=environment)).hold
        shown = Hold(by=held.by, why=held.why, since=float(held.at)) if held else None
        return replace(before, hold=shown)

    with beside(f"whether {project} {environment} is held"):
        Snapshots(store).change(project, environment, change)
