"""Drone's docker pipelines as models: every key that Slipway runs, with Drone's meaning.

Models are frozen and refuse unknown keys. A key of Drone's format that Slipway does not run yet
is in the model's ``NOT_YET``, so that it is refused by name and never passed over in silence.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from slipway.hooks.container_spec import PullPolicy


class Failure(StrEnum):
    """What a step's failure means for the pipeline."""

    FAIL = "fail"
    IGNORE = "ignore"


def _empty_for_none(value: Any) -> Any:
    return "" if value is None else value


def _not_empty(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Refuse an empty list; ``min_length`` would also count the steps that are broken as none."""
    if not steps:
        msg = "this must not be empty"
        raise ValueError(msg)
    return steps


Text = Annotated[str, Field(min_length=1)]
Value = Annotated[str, BeforeValidator(_empty_for_none)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    NOT_YET: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_absent(cls, data: Any) -> Any:
        """A key without a value is as good as no key, as Drone has it."""
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None}


class Step(_Model):
    """One container of the pipeline."""

    NOT_YET = frozenset(
        {
            "devices", "dns", "dns_search", "extra_hosts", "mem_limit", "memswap_limit",
            "network_mode", "ports", "resources", "settings", "shell", "shm_size", "volumes",
            "when",
        }
    )  # fmt: skip

    name: Text
    image: Text
    pull: PullPolicy = PullPolicy.IF_NOT_EXISTS
    """When the registry is asked for the image."""
    commands: tuple[str, ...] = ()
    """Lines of a shell script; without them the image's own program runs."""
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: dict[str, Value] = {}
    working_dir: Text | None = None
    user: Text | None = None
    privileged: bool = False
    """Only for trusted projects."""
    detach: bool = False
    """Goes on in the background until the pipeline ends."""
    failure: Failure = Failure.FAIL
    depends_on: tuple[str, ...] | None = None
    """Steps that must have passed before; None is "not said"."""


class Service(Step):
    """A container that runs beside the steps, reachable under its name."""

    NOT_YET = Step.NOT_YET
    detach: bool = True
    """Services always run in the background."""


class Pipeline(_Model):
    """One document of kind ``pipeline``."""

    NOT_YET = frozenset(
        {
            "clone", "concurrency", "depends_on", "image_pull_secrets", "node", "platform",
            "trigger", "volumes", "workspace",
        }
    )  # fmt: skip

    kind: Literal["pipeline"]
    type: Literal["docker"] = "docker"
    name: Text = "default"
    environment: dict[str, Value] = {}
    """For every step; the step's own wins."""
    services: tuple[Service, ...] = ()
    steps: Annotated[tuple[Step, ...], AfterValidator(_not_empty)]

    @property
    def is_graph(self) -> bool:
        """Whether any step says what it depends on; without, steps run one after the other."""
        return any(step.depends_on is not None for step in self.steps)
