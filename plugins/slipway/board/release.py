"""A release's page: one line from the commit to the machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.board.cells import Step, cell, dags_of
from slipway.board.reading import ReadModel, Watching
from slipway.hooks.airflow_progress import TaskState
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.board.deployment import DeploymentRecord
from slipway.model.board.snapshot import EnvironmentSnapshot, ProjectSnapshot
from slipway.model.board.timings import Bar, RunTime, StepTime, waterfall

# Deployments of each environment among which those of the release are looked for.
_LOOKED_AT = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """A release on one environment.

    :param snapshot: of the environment.
    :param serves: it serves there now.
    :param standby: it is kept warm there.
    :param past: when it was brought there, the newest first.
    """

    snapshot: EnvironmentSnapshot
    serves: bool
    standby: bool
    past: tuple[DeploymentRecord, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseView:
    """What the page shows.

    :param record: all that is on record of the release.
    :param dag_id: of the run that made it.
    :param run_id: that run.
    :param images: that were baked of it.
    :param tasks: of it, as far as Airflow still has them.
    :param stays: the environments that somebody may see.
    :param steps: what is under way with it on them.
    :param bars: the tasks that ended, by their ids: when they began and how long they took.
    :param seconds: from the first one's begin to the last one's end.
    """

    record: ReleaseRecord
    dag_id: str
    run_id: str
    images: tuple[ImageRecord, ...]
    tasks: tuple[TaskState, ...]
    stays: tuple[Stay, ...]
    bars: Mapping[str, Bar]
    seconds: float
    steps: tuple[Step, ...] = ()


def release_view(
    model: ReadModel, watching: Watching, project: ProjectSnapshot, record: ReleaseRecord
) -> ReleaseView:
    """Put the page together.

    :param model: what runs where.
    :param watching: what Airflow says of runs.
    :param project: with those of its environments that somebody may see.
    :param record: of the release.
    """
    release = record.checkout.release
    run_id = f"commit__{release.sha}"
    tasks = watching.tasks(release.project, run_id)
    fall = waterfall(_timed(release.project, run_id, tasks))
    return ReleaseView(
        record=record,
        dag_id=release.project,
        run_id=run_id if tasks else "",
        images=tuple(model.images(release)),
        tasks=tuple(tasks),
        stays=tuple(
            _stay(one, release.version, model.history(release.project, one.environment, _LOOKED_AT))
            for one in project.environments
        ),
        steps=_steps(watching, project, record),
        bars={bar.task_id: bar for bar in fall.bars},
        seconds=fall.total,
    )


def _timed(dag_id: str, run_id: str, tasks: Sequence[TaskState]) -> RunTime:
    return RunTime(
        dag_id=dag_id,
        run_id=run_id,
        state="",
        asked=min((task.began for task in tasks if task.began), default=0.0),
        steps=tuple(
            StepTime(
                task_id=task.task_id,
                state=task.state,
                began=task.began,
                ended=task.ended,
                tries=task.tries,
            )
            for task in tasks
        ),
    )


def _steps(watching: Watching, project: ProjectSnapshot, record: ReleaseRecord) -> tuple[Step, ...]:
    """Return what is under way with a release, each run once."""
    release, places = record.checkout.release, project.environments
    live = watching.live(dag_id for one in places for dag_id in dags_of(one))
    commit = f"commit__{release.sha}"
    found = {
        (step.dag_id, step.run_id): step
        for one in places
        for step in cell(one, live).steps
        if step.run_id == commit or step.what == release.version
    }
    return tuple(found.values())


def _stay(snapshot: EnvironmentSnapshot, version: str, history: Sequence[DeploymentRecord]) -> Stay:
    return Stay(
        snapshot=snapshot,
        serves=snapshot.serving is not None and snapshot.serving.version == version,
        standby=any(one.version == version for one in snapshot.standbys),
        past=tuple(one for one in history if one.release.version == version),
    )
