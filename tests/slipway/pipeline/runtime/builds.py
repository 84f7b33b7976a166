"""Builds on a container engine that is played."""

from __future__ import annotations

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.runtime.build_runner import BuildRunner, Worker
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.result import BuildResult
from tests.fakes.container_engine import FakeEngine, Play


def pipeline(name: str, more: str = "", step: str = "") -> str:
    return f"name: {name}\n{more}\nsteps: [{{name: {step or name}, image: i}}]"


class Case:
    """A file on a fake engine: each pipeline's text without its head."""

    def __init__(self, *pipelines: str, worker: Worker | None = None, **plays: Play) -> None:
        self.engine = FakeEngine(plays)
        self.log: list[str] = []
        self.depths: list[int] = []
        text = "---\n".join(f"kind: pipeline\n{one}\n" for one in pipelines)
        spec = compile_file(
            load(text.encode(), file="f", trusted=False),
            Build(id="run", labels={"slipway.run": "1"}),
        )
        self.runner = BuildRunner(
            self.engine,
            spec,
            sources=self._sources,
            output=LogGroups(self.log.append),
            timeout=10,
            worker=worker,
        )

    def _sources(self, depth: int) -> bytes:
        self.depths.append(depth)
        return b"tar"

    def run(self) -> BuildResult:
        try:
            return self.runner.run()
        finally:
            assert self.engine.leftovers() == []
