"""A project whose pipeline runs in real containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import docker

from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.tars import pack
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.load import load
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway.pipeline.runtime.result import PipelineResult

IMAGES = {
    "debian:12": "slipway/debian:12",
    "postgres:15": "slipway/postgres:15",
    "python:3.11": "slipway/python:3.11",
}


class Project:
    """A pipeline on real Docker, with an installation of its own."""

    def __init__(self, installation: str) -> None:
        self.engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
        self.log: list[str] = []
        self._id = f"slipway-{installation}"

    def runner(
        self, text: str, *, timeout: float = 60, trusted: bool = False, given: Given | None = None
    ) -> Runner:
        file = load(f"kind: pipeline\n{text}".encode(), file=".drone.yml", trusted=trusted)
        build = Build(
            id=self._id,
            labels={"slipway.run": "r", "slipway.task": "t"},
            images=IMAGES,
            trusted=trusted,
        )
        spec = compile_pipeline(file.pipelines[0], build)
        output = LogGroups(self.log.append)
        return Runner(self.engine, spec, output=output, timeout=timeout, given=given)

    def run(
        self,
        text: str,
        files: Mapping[str, str] | None = None,
        *,
        timeout: float = 60,
        trusted: bool = False,
        given: Given | None = None,
    ) -> PipelineResult:
        runner = self.runner(text, timeout=timeout, trusted=trusted, given=given)
        try:
            return runner.run(tar(files or {}))
        finally:
            assert self.leftovers() == 0

    def leftovers(self) -> int:
        return self.engine.remove_labelled({})


def tar(files: Mapping[str, str]) -> bytes:
    return pack({name: content.encode() for name, content in files.items()})
