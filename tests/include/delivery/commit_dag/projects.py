"""Projects, and what their DAG looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.project.loader import PROJECTS, load_project

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from include.project.model import Project


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(PROJECTS / "guestbook.yaml")


def edges_of(dag: DAG) -> set[tuple[str, str]]:
    return {(task.task_id, after) for task in dag.tasks for after in task.downstream_task_ids}


def asking(project: Project, **more: Any) -> Project:
    """The project, whose continuous environment asks as well."""
    dev = project.environments["dev"].model_copy(update={"approval": True, **more})
    return project.model_copy(update={"environments": {**project.environments, "dev": dev}})
