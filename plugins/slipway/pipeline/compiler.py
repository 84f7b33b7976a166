"""A checked pipeline -> the spec that the runner runs. Pure: the same input, the same spec."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipway.pipeline import script
from slipway.pipeline.images import replaced
from slipway.pipeline.lint import CLONE
from slipway.pipeline.model import Failure
from slipway.pipeline.spec import TRUSTED, UNTRUSTED, PipelineSpec, StepSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slipway.pipeline.model import Pipeline, Step

WORKSPACE = "/drone/src"
_UNFIT = re.compile(r"[^a-zA-Z0-9_.-]+")
# A container's name is for people to read; the whole step name stays in the spec.
_LONGEST_NAME = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """What a pipeline is compiled for.

    :param id: begins the names of everything that is made; unique to the run.
    :param variables: for every step.
    :param labels: on everything that is made.
    :param images: image names and what is used in their place.
    :param trusted: containers keep the engine's usual rights and have no limits.
    """

    id: str
    variables: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    trusted: bool = False


def compile_pipeline(pipeline: Pipeline, build: Build) -> PipelineSpec:
    """Compile a pipeline.

    :param pipeline: one that :func:`~slipway.pipeline.load.load` has checked.
    :param build: what for.
    """
    shared = {
        **pipeline.environment,
        **build.variables,
        "DRONE_STAGE_KIND": pipeline.kind,
        "DRONE_STAGE_NAME": pipeline.name,
        "DRONE_STAGE_TYPE": pipeline.type,
        "DRONE_WORKSPACE": WORKSPACE,
        "DRONE_WORKSPACE_BASE": WORKSPACE,
    }
    compiler = _Compiler(pipeline, build, shared)
    return PipelineSpec(
        id=build.id,
        name=pipeline.name,
        workspace=WORKSPACE,
        labels=dict(build.labels),
        isolation=TRUSTED if build.trusted else UNTRUSTED,
        services=tuple(compiler.services()),
        steps=tuple(compiler.steps()),
    )


class _Compiler:
    def __init__(self, pipeline: Pipeline, build: Build, shared: Mapping[str, str]) -> None:
        self._pipeline = pipeline
        self._build = build
        self._shared = shared

    def services(self) -> Iterator[StepSpec]:
        for number, service in enumerate(self._pipeline.services, 1):
            yield self._step(service, number, kind="service", depends_on=())

    def steps(self) -> Iterator[StepSpec]:
        before: tuple[str, ...] = ()
        for number, step in enumerate(self._pipeline.steps, 1):
            if self._pipeline.is_graph:
                named = tuple(name for name in step.depends_on or () if name != CLONE)
                before = tuple(dict.fromkeys(named))
            yield self._step(step, number, kind="step", depends_on=before)
            before = (step.name,)

    def _step(self, step: Step, number: int, *, kind: str, depends_on: tuple[str, ...]) -> StepSpec:
        slug = _UNFIT.sub("-", step.name)[:_LONGEST_NAME]
        environment = {
            **self._shared,
            "DRONE_STEP_NAME": step.name,
            "DRONE_STEP_NUMBER": str(number),
            **step.environment,
        }
        entrypoint, command = step.entrypoint, step.command
        if step.commands:
            environment[script.VARIABLE] = script.shell_script(step.commands)
            entrypoint, command = script.ENTRYPOINT, script.COMMAND
        # A service that runs its image's own program runs it where the image says.
        own_place = step.detach and not step.commands
        return StepSpec(
            id=f"{self._build.id}-{kind}-{number}-{slug}",
            name=step.name,
            image=replaced(step.image, self._build.images),
            pull=step.pull.value,
            environment=environment,
            entrypoint=entrypoint,
            command=command,
            working_dir=step.working_dir or (None if own_place else WORKSPACE),
            user=step.user,
            aliases=(step.name,) if step.detach else (),
            depends_on=depends_on,
            detach=step.detach,
            ignore_failure=step.failure is Failure.IGNORE,
            privileged=step.privileged,
        )
