"""What a pipeline must not say once its variables are replaced: Drone looks at it only then.

Other rules cannot be broken that way: what they look at is the file's own, whatever the build is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.pipeline.lint.rules import containers, images, volumes
from slipway.pipeline.lint.trust import untrusted
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid, by_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.pipeline.yaml.diagnostics import Problem
    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline


def lint_replaced(document: Document, pipeline: Pipeline, *, trusted: bool) -> None:
    """Check what a build's values have made of a pipeline.

    :param document: where it stands.
    :param pipeline: with its variables replaced.
    :param trusted: the project may use what reaches out of its containers.
    :raises PipelineFileInvalid: with all that is wrong.
    """
    problems = [
        *_no_image(document, pipeline),
        *images(document, pipeline),
        *volumes(document, pipeline),
        *(() if trusted else untrusted(document, pipeline)),
    ]
    if problems:
        raise PipelineFileInvalid(sorted(problems, key=by_place))


def _no_image(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    for path, step in containers(pipeline):
        if not step.image:
            message = "the image's name is empty once its variables are replaced"
            advice = "write what it is without them: `${NAME:-debian:12}`"
            yield document.problem("image-name", (*path, "image"), message, advice=advice)
