"""Which images a pipeline file may name, where the project file says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.pipeline.lint.image_rules import ImageRules
    from slipway.pipeline.yaml.diagnostics import Path, Problem
    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline


def forbidden_images(
    document: Document, pipeline: Pipeline, rules: ImageRules
) -> Iterator[Problem]:
    """Refuse images that the project must not use.

    What a name with a variable comes to is known, and checked, when the pipeline is compiled.
    """
    for kind, steps in (("services", pipeline.services), ("steps", pipeline.steps)):
        for i, step in enumerate(steps):
            reason = "" if "${" in step.image else rules.refusal(step.image)
            if reason:
                path: Path = (kind, i, "image")
                yield document.problem("image-not-allowed", path, reason, advice=rules.advice())
