"""Services that wait for a step: to the runner, detached steps of a graph.

Drone knows one kind of thing: a service is a step in the background, and may depend on whatever a
step may. Here services are started, and waited for, before all steps; so one that depends on a
step, or on a service that does, is run where it belongs, among the steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipway.pipeline.model import Pipeline


def among_steps(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline in which no service waits for a step."""
    late = {step.name for step in pipeline.steps}
    while True:
        waiting = tuple(s for s in pipeline.services if late.intersection(s.depends_on or ()))
        if not waiting:
            return pipeline
        late.update(service.name for service in waiting)
        others = tuple(service for service in pipeline.services if service not in waiting)
        steps = (*pipeline.steps, *(one.model_copy(update={"detach": True}) for one in waiting))
        pipeline = pipeline.model_copy(update={"services": others, "steps": steps})
