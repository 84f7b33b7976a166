"""A build in two: what has to run for one pipeline's sake, and the rest.

So that what one pipeline builds can be packaged while the others still test. Both halves keep the
names and numbers that the pipelines have in the whole.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from slipway.exceptions import PipelineFileError
from slipway.model.text.nearest import nearest
from slipway.pipeline.yaml.conditions import RunPolicy

if TYPE_CHECKING:
    from slipway.pipeline.compiler.spec import BuildSpec, PipelineSpec


def builder_of(spec: BuildSpec, name: str | None) -> str:
    """Return the name of the pipeline whose workspace holds what ships.

    :param spec: every pipeline of the file.
    :param name: as the project file gives it; None is the only one that there is.
    :raises PipelineFileError: when there is no such pipeline, or more than one that may be meant.
    """
    names = [pipeline.name for pipeline in spec.pipelines]
    if name is None and len(names) == 1:
        return names[0]
    if name is None:
        msg = f"the file has {len(names)} pipelines, each with a workspace of its own"
        advice = f"say which of them builds what ships: `package: {{from: {names[0]}}}`"
        raise PipelineFileError(msg, advice=f"{advice} in the project file")
    if name not in names:
        near = nearest(name, names)
        meant = f"did you mean {near}?" if near else f"there is {', '.join(names)}"
        msg = f"the file has no pipeline {name!r}, which `package: {{from: ...}}` names"
        raise PipelineFileError(msg, advice=meant)
    return name


def first_half(spec: BuildSpec, name: str) -> BuildSpec:
    """Return what runs for one pipeline's sake: it, and what it depends on.

    What is there for failures comes along, in case there is one, for there is no second half then.
    """
    needed = needed_for(spec, name)
    kept = [
        pipeline if pipeline.name in needed else _after_failure(pipeline, needed)
        for pipeline in spec.pipelines
        if pipeline.name in needed or pipeline.policy != RunPolicy.ON_SUCCESS
    ]
    return replace(spec, pipelines=tuple(kept))


def second_half(spec: BuildSpec, name: str) -> BuildSpec:
    """Return what is left when :func:`first_half` has passed; nobody waits for that any more."""
    needed = needed_for(spec, name)
    left = [
        replace(one, depends_on=tuple(other for other in one.depends_on if other not in needed))
        for one in spec.pipelines
        if one.name not in needed
    ]
    before = [one.name for one in spec.pipelines if one.name in needed]
    notice = f"{', '.join(before)} ran before, to build what ships"
    return replace(spec, pipelines=tuple(left), notices=(notice,), continued=True)


def needed_for(spec: BuildSpec, name: str) -> set[str]:
    """Return the names of a pipeline and of all that it depends on."""
    before = {pipeline.name: pipeline.depends_on for pipeline in spec.pipelines}
    needed: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in needed:
            needed.add(one)
            waiting += before.get(one, ())
    return needed


def _after_failure(pipeline: PipelineSpec, needed: set[str]) -> PipelineSpec:
    return replace(pipeline, policy=RunPolicy.ON_FAILURE.value, depends_on=tuple(sorted(needed)))
