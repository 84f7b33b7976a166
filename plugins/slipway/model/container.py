"""What a container is to be, in plain data, and how an engine refuses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from slipway.exceptions import ContainerEngineError
from slipway.model.fact import Fact


class PullPolicy(StrEnum):
    """When an image is asked of its registry."""

    ALWAYS = "always"
    IF_NOT_EXISTS = "if-not-exists"
    REFRESH = "refresh"
    """When the registry answers; else what is here will do."""
    NEVER = "never"


# Of a container's usual 1024. While cores are short, what is on its way to machines, package, image
# and swap, goes before tests and rehearsal: theirs is the longer way.
BESIDE = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits(Fact):
    """What a container may use up; None is no limit.

    :param memory: bytes.
    :param memory_swap: bytes, memory and swap together; -1 is any amount of swap.
    :param shm: bytes of ``/dev/shm``.
    :param cpus: cores, in fractions.
    :param pids: processes and threads together.
    :param share: of the cores while they are short, beside the 1024 of a container without one.
    """

    memory: int | None = None
    memory_swap: int | None = None
    shm: int | None = None
    cpus: float | None = None
    pids: int | None = None
    share: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Security(Fact):
    """What a container may do to its host.

    :param drop: capabilities taken away, ``("ALL",)`` for all.
    :param add: capabilities given back, or on top.
    :param no_new_privileges: setuid programs gain nothing.
    :param privileged: everything is allowed; only for trusted projects.
    """

    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    no_new_privileges: bool = False
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class PortBinding(Fact):
    """A port of a container that a port of its host leads to.

    :param port: the container's.
    :param host: the host's.
    :param protocol: ``tcp`` or ``udp``.
    """

    port: int
    host: int
    protocol: str = "tcp"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerSpec(Fact):
    """One container.

    Files reach a container as a tar, or in a named volume. Host folders, devices, networks and
    ports reach out of it, and are for trusted projects alone.

    :param name: unique on the engine; what an earlier try left under it is removed.
    :param image: as the engine resolves it.
    :param argv: replaces the image's CMD; never joined into a shell string.
    :param entrypoint: replaces the image's ENTRYPOINT; ``()`` clears it.
    :param environment: sent through the engine's API, never on a command line.
    :param working_dir: made where the image lacks it.
    :param user: name or id, with an optional group.
    :param network: a network's name; ``host`` and ``container:<id>`` share an existing one;
        None is the engine's default network.
    :param aliases: further host names on ``network``.
    :param dns: addresses of name servers.
    :param dns_search: domains that names are looked up in.
    :param extra_hosts: ``name:address``.
    :param ports: published on the host.
    :param volumes: named volume -> mount point.
    :param host_folders: mount point -> folder of the host.
    :param devices: path in the container -> device of the host.
    :param tmpfs: mount point -> options, e.g. ``size=64m``.
    :param labels: on top of those that the engine adds.
    :param limits: what it may use.
    :param security: what it may do.
    :param health_interval: seconds between the image's own health checks, where it has one.
    :param init: run a small init as process 1, which reaps and passes signals on.
    :param stdin: somebody writes to its standard input once; else it is empty.
    :param read_only: nothing of the image can be changed.
    """

    name: str
    image: str
    argv: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    working_dir: str | None = None
    user: str | None = None
    network: str | None = None
    aliases: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    ports: tuple[PortBinding, ...] = ()
    volumes: Mapping[str, str] = field(default_factory=dict)
    host_folders: Mapping[str, str] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    security: Security = Security()
    health_interval: float | None = None
    init: bool = False
    stdin: bool = False
    read_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFacts:
    """What an image says of itself.

    :param id: its content digest, and what containers are made from: names may move.
    :param ports: TCP ports that it exposes, ascending.
    :param has_healthcheck: it carries a health check of its own.
    :param digest: name and digest in the registry that it came from; empty for what was built or
        loaded beside the engine.
    :param user: whom its program runs as, name or id; empty is root.
    """

    id: str
    ports: tuple[int, ...]
    has_healthcheck: bool
    digest: str = ""
    user: str = ""


class Health(StrEnum):
    """What a container's own health check says; NONE where it has none."""

    NONE = "none"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerState:
    """How a container stands now.

    :param running: it has begun and not ended.
    :param exit_code: None while it has not ended.
    :param health: as its own check has it.
    :param out_of_memory: the kernel ended something in it for want of memory.
    :param addresses: network name -> IPv4 address; empty for shared networks.
    """

    running: bool
    exit_code: int | None
    health: Health
    out_of_memory: bool
    addresses: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolResult:
    """How a tool ended.

    :param exit_code: the tool's.
    :param output_tail: the last lines it wrote.
    :param collected: what was asked to be collected, as a tar; None where it was not there.
    :param seconds: from start to exit.
    """

    exit_code: int
    output_tail: list[str]
    collected: bytes | None
    seconds: float


class NoSuchThing(ContainerEngineError):
    """The engine has no such container, image, path, network or volume."""


class CannotStart(ContainerEngineError):
    """A container's program does not exist in its image, or may not be run."""


class ContainerRefused(ContainerEngineError):
    """The engine is well, and makes or starts no such container, whoever asks for it again."""
