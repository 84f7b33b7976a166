"""What only a trusted project may ask for; the reasons are Drone's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.pipeline.yaml.diagnostics import Path, Problem
    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline

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
            for j, port in enumerate(step.ports):
                if port.host:
                    yield _refused(document, (kind, i, "ports", j), "publish host ports")
    for i, volume in enumerate(pipeline.volumes):
        if volume.host is not None:
            yield _refused(document, ("volumes", i, "host"), "mount host volumes")
        if volume.temp is not None and volume.temp.medium == "memory":
            yield _refused(document, ("volumes", i, "temp"), "mount in-memory volumes")


def _refused(document: Document, path: Path, reason: str) -> Problem:
    message = f"untrusted repositories cannot {reason}"
    return document.problem("untrusted", path, message, advice=_ADVICE, at_key=True)
