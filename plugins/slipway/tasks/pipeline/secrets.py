"""The secrets of a pipeline's run: those that it asks for, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.hooks.secrets import read_secrets
from slipway.pipeline.compiler.secret_refs import asked_for, short_secrets, unknown_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.pipeline.compiler.spec import BuildSpec


def pipeline_secrets(
    spec: BuildSpec, named: Mapping[str, str], say: Callable[[str], None]
) -> Mapping[str, str]:
    """Read what pipelines ask for.

    :param spec: what is run.
    :param named: each secret's name in the pipeline -> where Airflow has it.
    :param say: is told of secrets that nobody named, and of those that are too short to be masked.
    """
    for line in unknown_secrets(spec, named):
        say(line)
    secrets = read_secrets(named, asked_for(spec))
    for line in short_secrets(secrets):
        say(line)
    return secrets
