"""What only a trusted project may ask for; the reasons are Drone's."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from slipway.pipeline.yaml.model import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.pipeline.yaml.diagnostics import Path, Problem
    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline

_Step = TypeVar("_Step", bound=Step)

# Key of a step -> what an untrusted repository cannot do.
_REASONS = {
    "privileged": "enable privileged mode",
    "devices": "mount devices",
    "dns": "configure dns",
    "dns_search": "configure dns_search",
    "extra_hosts": "configure extra_hosts",
    "network_mode": "configure network_mode",
}
_ADVICE = "set `test: {trusted: true}` in the project file, if you do trust it"


def untrusted(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    """Refuse everything that reaches out of a container."""
    for kind, steps in (("services", pipeline.services), ("steps", pipeline.steps)):
        for i, step in enumerate(steps):
            for key, reason in _REASONS.items():
                if getattr(step, key):
                    yield _refused(document, (kind, i, key), reason)
    for i, volume in enumerate(pipeline.volumes):
        if volume.host is not None:
            yield _refused(document, ("volumes", i, "host"), "mount host volumes")
        if volume.temp is not None and volume.temp.medium == "memory":
            yield _refused(document, ("volumes", i, "temp"), "mount in-memory volumes")


def unpublished(pipeline: Pipeline) -> Pipeline:
    """Return a pipeline whose containers are reached from the host by no port."""

    def closed(step: _Step) -> _Step:
        ports = tuple(port.model_copy(update={"host": 0}) for port in step.ports)
        return step.model_copy(update={"ports": ports}) if ports else step

    return pipeline.model_copy(
        update={
            "services": tuple(map(closed, pipeline.services)),
            "steps": tuple(map(closed, pipeline.steps)),
        }
    )


def _refused(document: Document, path: Path, reason: str) -> Problem:
    message = f"untrusted repositories cannot {reason}"
    return document.problem("untrusted", path, message, advice=_ADVICE, at_key=True)
