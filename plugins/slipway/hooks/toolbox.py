"""The tools that Slipway is built on: aptly, goose, nfpm, packer and their like, in one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from slipway.hooks.container_spec import ContainerSpec, ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.hooks.container_engine import ContainerEngine

IMAGE = "slipway/toolbox:1"
WORK = "/work"


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """Runs one tool at a time, each in a fresh container.

    Raises nothing for an exit code: only the caller knows what the tool means by it.

    :param engine: where the containers run; its installation goes on their labels.
    :param name: the container's name; one of the same name that was left behind is removed.
    :param labels: on the container, next to ``slipway.kind=tool``.
    :param network: ``host``, so that tools reach what the worker reaches, or a network's name.
    """

    engine: ContainerEngine
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    image: str = IMAGE
    network: str = "host"

    def run(
        self,
        *argv: str,
        files: bytes | IO[bytes] | None = None,
        collect: str | None = None,
        environment: Mapping[str, str] | None = None,
        timeout: float,
        log: Callable[[str], None],
        working_dir: str = WORK,
        grace: float = 10.0,
    ) -> ToolResult:
        """Run one tool to its end.

        :param argv: the tool and its arguments; nothing secret, as everybody can read it.
        :param files: a tar, unpacked at ``/work`` beforehand.
        :param collect: a path that is returned as a tar afterwards, where it exists.
        :param environment: for the tool; where secrets go.
        :param timeout: seconds.
        :param log: receives every line as it comes, from another thread.
        :param grace: seconds that the tool gets to clean up when it must end early.
        :raises ImageUnavailable: when the image is missing.
        :raises StepTimedOut: when it runs longer than ``timeout``.
        :raises ContainerEngineError: when the engine fails.
        """
        spec = ContainerSpec(
            name=self.name,
            image=self.image,
            entrypoint=argv[:1],
            argv=argv[1:],
            environment=environment or {},
            working_dir=working_dir,
            network=self.network,
            labels={"slipway.kind": "tool", **self.labels},
        )
        return self.engine.run_tool(
            spec, files=files, files_at=WORK, collect=collect, timeout=timeout, log=log, grace=grace
        )
