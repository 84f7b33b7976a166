"""Which secrets a build asks for. Their values come from elsewhere, and only to its runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.pipeline.masking.mask import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from slipway.pipeline.compiler.spec import BuildSpec


def asked_for(spec: BuildSpec) -> list[str]:
    """List the names of the secrets that the build's pipelines use, each once."""
    names: dict[str, None] = {}
    for pipeline in spec.pipelines:
        names |= dict.fromkeys(pipeline.pull_secrets)
        for step in (*pipeline.services, *pipeline.steps):
            names |= dict.fromkeys(step.secrets.values())
    return list(names)


def unknown_secrets(spec: BuildSpec, known: Container[str]) -> Iterator[str]:
    """Say which secrets are asked for and not given; their variables are empty, as in Drone."""
    for name in asked_for(spec):
        if name not in known:
            yield (
                f"secret {name!r} is not given: add it under `test: {{secrets: ...}}` in the "
                "project file, if the pipeline needs it"
            )


def short_secrets(secrets: Mapping[str, str]) -> Iterator[str]:
    """Say which secrets are too short to be masked."""
    for name, value in secrets.items():
        if len(value.strip()) < SHORTEST:
            yield f"secret {name!r} has fewer than {SHORTEST} characters, and cannot be masked"
