"""Keeps what runs where quick to read, however many projects there are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.store.environments.snapshots import snapshots
from slipway.model.board.snapshot import ProjectSnapshot
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


# Seconds after which a project without a file is taken for gone, and not for one with a mistake in
# its file: housekeeping looks at each that it knows more often.
_GONE_AFTER = 86400.0


class RollUpSnapshotsOperator(BaseOperator):
    """Put all snapshots into one object, and forget those of environments that are no more.

    :param environments: project -> its environments, by the project files.

    Example::

        RollUpSnapshotsOperator(task_id="roll_up_snapshots", environments={"shop": ["dev"]})
    """

    ui_color = "#fde68a"

    def __init__(self, *, environments: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.environments = {name: tuple(those) for name, those in environments.items()}

    def execute(self, context: Context) -> None:
        """Roll up; a project whose file is broken just now keeps what is said of it."""
        del context
        with no_retry_on_input_error():
            board = snapshots()
            for project in board.every():
                there = self.environments.get(project.project)
                known = {one.environment for one in project.environments}
                if there is not None and known - set(there):
                    board.keep_only(project.project, there)
                elif there is None and _is_gone(project):
                    board.keep_only(project.project, ())
            board.roll_up()


def _is_gone(project: ProjectSnapshot) -> bool:
    seen = (one.seen_at for one in project.environments)
    return not project.problem and time.time() - max(seen, default=0.0) > _GONE_AFTER
