"""Which of Airflow's pools and queues a project's tasks are in, by what they need a worker for."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from include.project.field_types import matching

_LONGEST = 128


class TaskKind(StrEnum):
    """What a task needs a worker for.

    ``build`` checks out, tests, rehearses and packages; ``publish`` publishes; ``bake`` makes
    images; ``swap`` is whatever stands between a release and the fleet that serves it.
    """

    BUILD = "build"
    PUBLISH = "publish"
    BAKE = "bake"
    SWAP = "swap"


PlaceName = Annotated[
    str,
    matching(
        r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$",
        "letters, digits and _ . -, as Airflow or the broker has it",
        _LONGEST,
    ),
]


class Capacity(BaseModel):
    """Where the tasks of each kind wait for a slot, in place of what `[slipway]` says."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    pools: dict[TaskKind, PlaceName] = {}
    """Airflow's pools, which have to be there: a limit of its own for this project, or for all that
    name it (docs/scale.md)."""
    queues: dict[TaskKind, PlaceName] = {}
    """The queues of the workers that take them."""
