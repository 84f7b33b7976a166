"""What the runner is to run: neutral, complete, plain enough for JSON; never a secret's value."""

from __future__ import annotations

from dataclasses import dataclass, field

from slipway.model.facts import Fact


@dataclass(frozen=True, kw_only=True, slots=True)
class PortSpec(Fact):
    """A port of a container and the one of the host that leads to it."""

    port: int
    host: int
    protocol: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitSpec(Fact):
    """What a container may use up, besides what isolation says; None is no limit.

    :param memory: bytes.
    :param memory_swap: bytes, memory and swap together; -1 is any amount of swap.
    :param shm: bytes of ``/dev/shm``.
    :param cpus: cores.
    """

    memory: int | None = None
    memory_swap: int | None = None
    shm: int | None = None
    cpus: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LateForm(Fact):
    """A form of substitution that asks how the run stands, which is known when a step starts.

    :param form: as its author wrote it.
    :param variables: the values of all other variables in it.
    """

    form: str
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class StepSpec(Fact):
    """One container.

    :param id: the container's name.
    :param name: the step's, as its author wrote it.
    :param image: after the project's ``images`` were applied.
    :param pull: a :class:`slipway.model.container.PullPolicy`.
    :param secrets: variable -> name of the secret that it holds.
    :param entrypoint: None keeps the image's.
    :param command: None keeps the image's.
    :param working_dir: None keeps the image's.
    :param aliases: host names on the pipeline's network.
    :param network: replaces the pipeline's network, e.g. ``host``.
    :param mounts: mount point -> name of the volume.
    :param devices: path in the container -> path on the host.
    :param depends_on: names of steps that come before.
    :param policy: a :class:`slipway.pipeline.yaml.conditions.RunPolicy`.
    :param unmet: the condition that keeps it from running; empty where none does.
    :param detach: goes on in the background.
    :param failure: ``fail``, ``ignore`` or ``fast``.
    :param script: its commands, where they are too long for a variable.
    :param awaited_ports: of a service: where it will listen; None is where its image says, and
        an empty list is nowhere.
    """

    id: str
    name: str
    image: str
    pull: str
    environment: dict[str, str]
    secrets: dict[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    working_dir: str | None = None
    user: str | None = None
    aliases: tuple[str, ...] = ()
    network: str | None = None
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    ports: tuple[PortSpec, ...] = ()
    mounts: dict[str, str] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    limits: LimitSpec = LimitSpec()
    depends_on: tuple[str, ...] = ()
    policy: str = "on-success"
    unmet: str = ""
    detach: bool = False
    failure: str = "fail"
    privileged: bool = False
    script: str = ""
    awaited_ports: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Isolation(Fact):
    """What each container of a pipeline may do and use; privileged ones only keep the limits.

    :param drop: capabilities taken away.
    :param add: capabilities given back.
    :param memory: bytes; None is no limit.
    :param cpus: cores; None is no limit.
    :param pids: processes and threads; None is no limit.
    :param metadata: the cloud's metadata service can be reached.
    """

    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    no_new_privileges: bool = False
    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None
    metadata: bool = True


# A package manager, run by root, changes owners and modes, writes into folders of other users
# and becomes another user for its downloads; a service binds a low port and ends its children.
UNTRUSTED = Isolation(
    drop=("ALL",),
    add=(
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "NET_BIND_SERVICE",
        "SETGID",
        "SETUID",
    ),
    no_new_privileges=True,
    memory=4 << 30,
    cpus=4.0,
    pids=4096,
    metadata=False,
)
TRUSTED = Isolation()


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeSpec(Fact):
    """Something that steps mount.

    :param id: the volume's name in the engine.
    :param host: a folder of the worker instead.
    :param memory: in each container's memory instead.
    :param size: bytes, of one in memory; 0 is the kernel's default.
    """

    id: str
    name: str
    host: str | None = None
    memory: bool = False
    size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineSpec(Fact):
    """One pipeline.

    :param id: the name of its network and of its workspace volume.
    :param depends_on: names of pipelines that come before.
    :param policy: a :class:`slipway.pipeline.yaml.conditions.RunPolicy`.
    :param unmet: the condition that keeps it from running; empty where none does.
    :param platform: ``os/arch``.
    :param node: labels that the worker must have.
    :param clone_depth: commits of history in the workspace; 0 is all, None no sources at all.
    :param workspace_base: where the workspace's volume is mounted.
    :param workspace: where each container sees the sources.
    :param pull_secrets: names of secrets with registries' credentials.
    :param labels: on everything that is made, and what it is found by afterwards.
    :param late: what stands in the steps' variables and words by its number
        (:mod:`slipway.pipeline.compiler.late`).
    """

    id: str
    name: str
    depends_on: tuple[str, ...] = ()
    policy: str = "on-success"
    unmet: str = ""
    platform: str = "linux/amd64"
    node: dict[str, str] = field(default_factory=dict)
    clone_depth: int | None = 0
    workspace_base: str
    workspace: str
    pull_secrets: tuple[str, ...] = ()
    labels: dict[str, str]
    isolation: Isolation
    volumes: tuple[VolumeSpec, ...] = ()
    late: tuple[LateForm, ...] = ()
    services: tuple[StepSpec, ...]
    steps: tuple[StepSpec, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildSpec(Fact):
    """Every pipeline of a file.

    :param notices: what is in the file and plays no part.
    :param continued: other pipelines of the file have run and passed before.
    """

    pipelines: tuple[PipelineSpec, ...]
    notices: tuple[str, ...] = ()
    continued: bool = False
