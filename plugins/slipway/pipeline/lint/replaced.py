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

    from slipway.pipeline.yaml.conditions import Event
    from slipway.pipeline.yaml.diagnostics import Problem
    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline


def lint_replaced(document: Document, pipeline: Pipeline, event: Event, *, trusted: bool) -> None:
    """Check what a build's values have made of a pipeline, where it has a part in that build.

    :param document: where it stands.
    :param pipeline: with its variables replaced.
    :param event: what made the build.
    :param trusted: the project may use what reaches out of its containers.
    :raises PipelineFileInvalid: with all that is wrong.
    """
    if pipeline.trigger.unmet(event, "trigger"):
        return
    problems = [
        *_no_image(document, pipeline, event),
        *images(document, pipeline),
        *volumes(document, pipeline),
        *(() if trusted else untrusted(document, pipeline)),
    ]
    if problems:
        raise PipelineFileInvalid(sorted(problems, key=by_place))


def _no_image(document: Document, pipeline: Pipeline, event: Event) -> Iterator[Problem]:
    for path, step in containers(pipeline):
        # What has no value in this build is often just why the step has no part in it.
        if not step.image and not step.when.unmet(event, "when"):
            message = "the image's name is empty once its variables are replaced"
            advice = "write what it is without them: `${NAME:-debian:12}`"
            yield document.problem("image-name", (*path, "image"), message, advice=advice)
