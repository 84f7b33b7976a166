"""Plugins that will lack the rights they need: said before they fail for a reason nobody sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.pipeline.lint.privileged_plugins import ADVICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.pipeline.lint.privileged_plugins import PrivilegedPlugins
    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline


def missing_rights(
    document: Document, pipeline: Pipeline, plugins: PrivilegedPlugins
) -> Iterator[str]:
    """Yield the lines of each notice, with its place.

    :param document: where the pipeline came from.
    :param pipeline: as the file has it.
    :param plugins: which of them may have every right.
    """
    for path, message in plugins.findings(pipeline):
        problem = document.problem("privileged-plugin", path, message, advice=ADVICE)
        yield from str(problem).split("\n")
