"""What a run leaves to be seen: the output of what ran beside the steps, and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.exceptions import ContainerEngineError
from slipway.model.container import NoSuchThing
from slipway.model.facts import StepReport, something_passed
from slipway.pipeline.reports.junit import ReportReader, Reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipway.pipeline.built.take import Taking
    from slipway.pipeline.compiler.spec import StepSpec
    from slipway.pipeline.runtime.engine import Engine
    from slipway.pipeline.runtime.log_groups import LogGroups
    from slipway.pipeline.runtime.prepared import Preparation


class Aftermath:
    """Looks at the containers of a run before they go.

    :param engine: where the containers run.
    :param containers: those that were made.
    :param output: receives what is found.
    """

    def __init__(self, engine: Engine, containers: Preparation, output: LogGroups) -> None:
        self._engine = engine
        self._containers = containers
        self._output = output

    def show(self, steps: Sequence[StepSpec]) -> None:
        """Show what steps and services wrote that ran in the background."""
        for step in steps:
            container = self._containers.made(step.name)
            if container is None:
                continue
            key = f"background {step.id}"
            self._output.begin(key, f"{step.name}, from its beginning")
            summary = "removed"
            try:
                for chunk in self._engine.written(container):
                    self._output.write(key, chunk)
            except ContainerEngineError as error:
                summary = f"the rest is missing: {error.message}"
            self._output.end(key, summary)

    def reports(self, steps: Sequence[StepSpec], workspace: str, paths: Sequence[str]) -> Reports:
        """Read the test reports in the workspace, through any container that mounts it.

        :param steps: that ran.
        :param workspace: where each container sees the sources.
        :param paths: from the workspace's top; what is not there is passed over.
        """
        container = self._any_container(steps)
        reader = ReportReader(self._output.mask)
        for path in paths if container is not None else ():
            try:
                reader.read(path, self._engine.tar_stream(f"{container}", f"{workspace}/{path}"))
            except NoSuchThing:
                continue
            except ContainerEngineError as error:
                reader.complaints.append(f"{path} could not be read: {error.message}")
        return reader.reports()

    def take_built(
        self,
        ended: Sequence[StepReport],
        steps: Sequence[StepSpec],
        workspace: str,
        built: Taking | None,
    ) -> None:
        """Take what the steps built, where that is wanted and something ran.

        :param ended: how the steps ended, of which none failed.
        :param steps: that ran.
        :param workspace: where each container sees the sources.
        :param built: what is wanted; afterwards it knows what was taken, or why nothing was.
        """
        container = self._any_container(steps)
        if built is None or container is None or not something_passed(ended):
            return
        built.attempt(lambda path: self._engine.tar_stream(container, f"{workspace}/{path}"))

    def _any_container(self, steps: Sequence[StepSpec]) -> str | None:
        made = (self._containers.made(step.name) for step in steps)
        return next((one for one in made if one is not None), None)
