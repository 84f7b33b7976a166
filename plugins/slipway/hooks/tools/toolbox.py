"""The tools that Slipway is built on: aptly, goose, nfpm, packer and their like, in one image."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING

from slipway.hooks.tars import pack
from slipway.model.container import ContainerSpec, Limits, Security, ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.hooks.docker.engine import ContainerEngine

IMAGE = "slipway/toolbox:1"
WORK = "/work"
# Where a tool finds its secrets, each a file that only it can read, in memory.
SECRETS = "/run/secrets"
NOBODY = "65534:65534"
# Lines that make one record of a log where they come in a burst: Airflow takes some 15,000 records
# a second, and shows each line as a line.
TOGETHER = 200
# Bytes, cores, processes: more than any tool needs, and less than a machine has.
_LIMITS = Limits(memory=4 << 30, memory_swap=4 << 30, cpus=4.0, pids=4096)
_SECURITY = Security(drop=("ALL",), no_new_privileges=True)
# Reads so many bytes of a tar, then becomes the tool. Neither `docker inspect` nor a process list
# shows what was in it, and it is gone with the container.
_TAKE = f"""
set -e
umask 077
head -c "$1" | tar -x --no-same-owner --no-same-permissions -C {SECRETS}
shift
umask 022
exec "$@" < /dev/null
"""


@dataclass(frozen=True, kw_only=True)
class Toolbox:
    """Runs one tool at a time, each in a fresh container with limits and without capabilities.

    Raises nothing for an exit code: only the caller knows what the tool means by it.

    :param engine: where the containers run; its installation goes on their labels.
    :param name: the container's name; one of the same name that was left behind is removed.
    :param labels: on the container, next to ``slipway.kind=tool``.
    :param image: the toolbox's, by name.
    :param network: ``host``, so that tools reach what the worker reaches, or a network's name.
    :param volumes: named volume -> mount point.
    :param user: id and group's id; None is root, without capabilities.
    :param share: of the cores while they are short; None is as much as any other container's.
    """

    engine: ContainerEngine
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    image: str = IMAGE
    network: str = "host"
    volumes: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    share: int | None = None

    def run(
        self,
        *argv: str,
        files: bytes | IO[bytes] | None = None,
        begun: Callable[[Callable[[bytes], None]], None] | None = None,
        collect: str | None = None,
        collect_into: IO[bytes] | None = None,
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        timeout: float,
        log: Callable[[str], None],
        working_dir: str = WORK,
        grace: float = 10.0,
    ) -> ToolResult:
        """Run one tool to its end.

        :param argv: the tool and its arguments; nothing secret, as everybody can read it.
        :param files: a tar, unpacked at ``/work`` beforehand.
        :param begun: is called once the container is there, with what unpacks a further tar at
            ``/work``, also while the tool runs.
        :param collect: a path that is returned as a tar afterwards, where it exists.
        :param collect_into: a file for that tar, in place of memory.
        :param environment: for the tool; nothing secret, as ``docker inspect`` shows it.
        :param secrets: name -> content of a file in ``/run/secrets``. They go there through the
            container's standard input, and stay in its memory; so does what the tool writes to
            ``/tmp``.
        :param timeout: seconds.
        :param log: receives every line as it comes, from another thread; lines that come at once
            together, with line breaks between them.
        :param working_dir: where the tool starts.
        :param grace: seconds that the tool gets to clean up when it must end early.
        :raises ImageUnavailable: when the image is missing.
        :raises StepTimedOut: when it runs longer than ``timeout``.
        :raises ContainerEngineError: when the engine fails.
        """
        packed = pack({name: text.encode() for name, text in (secrets or {}).items()})
        taking = ("sh", "-c", _TAKE, "sh", str(len(packed))) if secrets else ()
        command = (*taking, *argv)
        spec = self._container(
            command, environment or {}, working_dir, self._memory() if secrets else {}
        )
        return self.engine.run_tool(
            spec,
            files=files,
            files_at=WORK,
            begun=begun,
            stdin=packed if secrets else None,
            collect=collect,
            collect_into=collect_into,
            timeout=timeout,
            log=log,
            grace=grace,
            together=TOGETHER,
        )

    def _container(
        self,
        command: tuple[str, ...],
        environment: Mapping[str, str],
        working_dir: str,
        tmpfs: Mapping[str, str],
    ) -> ContainerSpec:
        return ContainerSpec(
            name=self.name,
            image=self.image,
            entrypoint=command[:1],
            argv=command[1:],
            environment=environment,
            working_dir=working_dir,
            user=self.user,
            network=self.network,
            volumes=self.volumes,
            tmpfs=tmpfs,
            labels={"slipway.kind": "tool", **self.labels},
            limits=replace(_LIMITS, share=self.share),
            security=_SECURITY,
        )

    def _memory(self) -> dict[str, str]:
        uid, _, gid = (self.user or "0:0").partition(":")
        return {SECRETS: f"size=1m,mode=0700,uid={uid},gid={gid}", "/tmp": "mode=1777"}  # noqa: S108
