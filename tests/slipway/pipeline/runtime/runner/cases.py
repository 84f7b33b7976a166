"""A pipeline on a fake engine, and how its file is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.model.container import ImageFacts
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.load import load
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.runner import Runner
from tests.fakes.container_engine import FakeEngine, Play

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway.pipeline.runtime.inputs import Given
    from slipway.pipeline.runtime.result import PipelineResult

POSTGRES = ImageFacts(id="sha256:2", ports=(5432,), has_healthcheck=False)


class Case:
    """A pipeline on a fake engine."""

    def __init__(
        self,
        text: str,
        plays: Mapping[str, Play] | None = None,
        *,
        timeout: float = 5.0,
        trusted: bool = False,
        images: Mapping[str, ImageFacts] | None = None,
        given: Given | None = None,
    ) -> None:
        self.engine = FakeEngine(plays, images)
        self.log: list[str] = []
        file = load(f"kind: pipeline\n{text}".encode(), file="f", trusted=trusted)
        build = Build(id="run", labels={"slipway.run": "1"}, trusted=trusted)
        self.runner = Runner(
            self.engine,
            compile_pipeline(file.pipelines[0], build),
            output=LogGroups(self.log.append),
            timeout=timeout,
            given=given,
        )

    def run(self) -> PipelineResult:
        try:
            return self.runner.run(b"the sources")
        finally:
            assert self.engine.leftovers() == []

    def states(self) -> dict[str, str]:
        return {step.name: step.state for step in self.run().steps}


def steps(**named: str) -> str:
    """One step per name; the text is what it has besides name and image."""
    return "steps:\n" + "".join(f"- {{name: {n}, image: i, {more}}}\n" for n, more in named.items())


SERVICE = "services: [{name: db, image: postgres}]\n"
