"""What the pages read; none of it is changed by looking."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from slipway.hooks.airflow_people import Person
from slipway.hooks.airflow_progress import Live, TaskState
from slipway.hooks.store.approvals import Proposal
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.board.audit import Line
from slipway.model.board.deployment import DeploymentRecord
from slipway.model.board.snapshot import ProjectSnapshot
from slipway.model.controls import Controls
from slipway.model.facts import Release
from slipway.model.maintenance import Maintenance


class ReadModel(Protocol):
    """What runs where, and what came before."""

    def projects(self) -> Sequence[ProjectSnapshot]:
        """Return every project, as it was seen last."""

    def project(self, project: str) -> ProjectSnapshot | None:
        """Return one project; None where there is none of that name."""

    def history(
        self, project: str, environment: str, most: int, skip: int = 0
    ) -> Sequence[DeploymentRecord]:
        """Return the last deployments of an environment, the newest first."""

    def releases(self, project: str, most: int) -> Sequence[ReleaseRecord]:
        """Return a project's last releases, the newest first."""

    def release(self, project: str, version: str) -> ReleaseRecord | None:
        """Return one release; None where there is none of exactly that version."""

    def images(self, release: Release) -> Sequence[ImageRecord]:
        """Return the machine images that were baked of a release."""

    def rejected(self, project: str) -> Collection[str]:
        """Return the versions that somebody rejected: they are deployed nowhere."""

    def previous(self, project: str, environment: str, serving: str) -> str | None:
        """Return the release that a roll back would bring; None where there is none."""

    def controls(self, project: str, environment: str) -> Controls:
        """Return everything that holds for an environment."""

    def audit(self, project: str, environments: Sequence[str]) -> Sequence[Line]:
        """Return what people did to a project, the oldest first."""

    def proposal(self, project: str, environment: str, dag_id: str, run_id: str) -> Proposal | None:
        """Return the plan that a run asks a yes to; None where it asks none."""


class Watching(Protocol):
    """What Airflow says of runs."""

    def live(self, dag_ids: Iterable[str]) -> Live:
        """Return the runs of some DAGs that have not ended, and what they ask."""

    def tasks(self, dag_id: str, run_id: str) -> Sequence[TaskState]:
        """Return the tasks of a run."""

    def state(self, dag_id: str, run_id: str) -> str:
        """Return how far a run is; empty where there is no such run."""

    def why(self, dag_id: str, run_id: str) -> str:
        """Return why a run failed; empty where nobody can say."""

    def is_there(self, dag_id: str) -> bool:
        """Tell whether Airflow has a DAG now."""

    def maintenance(self) -> Maintenance | None:
        """Return the maintenance that lets no run begin; None where runs begin."""


class Allowing(Protocol):
    """What Airflow's auth manager lets somebody do."""

    def readable(self, person: Person, dag_ids: Iterable[str]) -> set[str]:
        """Return those DAGs that somebody may read."""

    def may_start(self, person: Person, dag_id: str) -> bool:
        """Tell whether somebody may start runs of a DAG."""

    def may_answer(self, person: Person, dag_id: str) -> bool:
        """Tell whether somebody may answer what the runs of a DAG ask."""

    def may_read_logs(self, person: Person, dag_id: str) -> bool:
        """Tell whether somebody may read the logs of a DAG's tasks."""
