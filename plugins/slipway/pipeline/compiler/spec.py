"""What the runner is to run: neutral, complete, plain enough for JSON; never a secret's value."""

from __future__ import annotations

from dataclasses import dataclass, field

from slipway.model.container import ContainerSpec
from slipway.model.fact import Fact


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
    """A step or service: its container as the pipeline file wants it, and its place in the run.

    What the file cannot say is added when the container is made
    (:mod:`slipway.pipeline.runtime.isolation`): how it is isolated, what is mounted, which
    network it joins, secrets, and how the run stands.

    :param name: as its author wrote it.
    :param container: its name is the step's id; its image is the one after the project's
        ``images`` were applied; of its security, only whether it is privileged is said here.
    :param pull: a :class:`slipway.model.container.PullPolicy`.
    :param secrets: variable -> name of the secret that it holds.
    :param mounts: mount point -> name of the volume.
    :param depends_on: names of steps that come before.
    :param policy: a :class:`slipway.pipeline.yaml.conditions.RunPolicy`.
    :param unmet: the condition that keeps it from running; empty where none does.
    :param detach: goes on in the background.
    :param failure: ``fail``, ``ignore`` or ``fast``.
    :param script: its commands, where they are too long for a variable.
    :param awaited_ports: of a service: where it will listen; None is where its image says, and
        an empty list is nowhere.
    """

    name: str
    container: ContainerSpec
    pull: str
    secrets: dict[str, str] = field(default_factory=dict)
    mounts: dict[str, str] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    policy: str = "on-success"
    unmet: str = ""
    detach: bool = False
    failure: str = "fail"
    script: str = ""
    awaited_ports: tuple[int, ...] | None = None

    @property
    def id(self) -> str:
        """The name of its container, unique to the run."""
        return self.container.name

    @property
    def image(self) -> str:
        """The name of its image, as the engine is asked for it."""
        return self.container.image


@dataclass(frozen=True, kw_only=True, slots=True)
class Isolation(Fact):
    """What each container of a pipeline may do and use; privileged ones only keep the limits.

    :param drop: capabilities taken away.
    :param add: capabilities given back.
    :param no_new_privileges: no program gains rights by being started.
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
    :param name: as the pipeline file has it.
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
    :param name: as the pipeline file has it.
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
    :param isolation: of each container.
    :param volumes: that its steps may mount.
    :param late: what stands in the steps' variables and words by its number
        (:mod:`slipway.pipeline.compiler.late`).
    :param services: in the order of the file.
    :param steps: in the order of the file.
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

    :param pipelines: in the order of the file.
    :param notices: what is in the file and plays no part.
    :param continued: other pipelines of the file have run and passed before.
    """

    pipelines: tuple[PipelineSpec, ...]
    notices: tuple[str, ...] = ()
    continued: bool = False
