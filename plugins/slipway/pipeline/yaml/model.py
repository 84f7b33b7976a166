"""Drone's docker pipelines as models: every key, with Drone's meaning.

Models are frozen and know no other keys: what else a file has is taken out before, and told. The
names and their meanings are those of docs.drone.io/pipeline/docker/syntax.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from slipway.pipeline.yaml.conditions import Conditions
from slipway.pipeline.yaml.values import (
    Bytes,
    FailureWord,
    Line,
    OptionalText,
    Parameter,
    PullWord,
    Text,
    Value,
    as_default,
)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_absent(cls, data: Any) -> Any:
        """A key without a value is as good as no key, as Drone has it."""
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None}


class Mount(_Model):
    """A volume's place in a container."""

    name: Text
    path: Text


class Port(_Model):
    """A port of the container, and the one of the host that leads to it."""

    port: Annotated[int, Field(ge=1, le=65535)]
    host: Annotated[int, Field(ge=0, le=65535)] = 0
    """0 publishes nothing."""
    protocol: Literal["tcp", "udp", "TCP", "UDP"] = "tcp"


class Quantity(_Model):
    """An amount of compute."""

    cpu: Annotated[int, Field(ge=0)] = 0
    """Thousandths of a core."""
    memory: Bytes = 0


class Resources(_Model):
    """What a step may use."""

    limits: Quantity = Quantity()


class Step(_Model):
    """One container of the pipeline."""

    name: str = ""
    """Given a number in its place, where it has none."""
    image: Text
    pull: PullWord = "default"
    """When the registry is asked for the image."""
    commands: tuple[Line, ...] = ()
    """Lines of a shell script; without them the image's own program runs."""
    shell: OptionalText | None = None
    """The program that reads ``commands``."""
    entrypoint: tuple[Line, ...] | None = None
    command: tuple[Line, ...] | None = None
    environment: dict[str, Value] = {}
    settings: dict[str, Parameter] = {}
    """What a plugin is told, as ``PLUGIN_*`` variables."""
    working_dir: OptionalText | None = None
    user: OptionalText | None = None
    privileged: bool = False
    """Only for trusted projects, as the next six."""
    network_mode: OptionalText | None = None
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    devices: tuple[Mount, ...] = ()
    ports: tuple[Port, ...] = ()
    volumes: tuple[Mount, ...] = ()
    mem_limit: Bytes = 0
    memswap_limit: Bytes = 0
    shm_size: Bytes = 0
    resources: Resources = Resources()
    detach: bool = False
    """Goes on in the background until the pipeline ends."""
    failure: FailureWord = "fail"
    depends_on: tuple[str, ...] | None = None
    """Steps that must have ended before; None is "not said"."""
    when: Conditions = Conditions()


class Service(Step):
    """A container that runs beside the steps, reachable under its name."""

    detach: bool = True
    """Services always run in the background."""


class Clone(_Model):
    """How the sources come into the workspace."""

    disable: bool = False
    depth: Annotated[int, Field(ge=0)] = 0
    """Commits of history; 0 is all."""
    retries: int = 0
    skip_verify: bool = False
    trace: bool = False


class Concurrency(_Model):
    """How many runs of this pipeline may go on at once."""

    limit: Annotated[int, Field(ge=0)] = 0


class Platform(_Model):
    """The machine that a pipeline wants."""

    os: OptionalText = "linux"
    arch: OptionalText = "amd64"
    variant: str = ""
    version: str = ""


class Workspace(_Model):
    """Where containers see the sources."""

    base: Annotated[str, Field(pattern=r"^(/|\$\{)")] = "/drone/src"
    path: str = ""


class Temp(_Model):
    """A volume that lives as long as the run; in memory, it is each container's own."""

    medium: str = ""
    """``memory``; any other word means nothing."""
    size_limit: Bytes = 0


class Host(_Model):
    """A folder of the worker."""

    path: Annotated[str, Field(pattern=r"^/[^:]*$")]


class Volume(_Model):
    """Something that steps can mount."""

    name: Text
    temp: Temp | None = None
    host: Host | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_temp(cls, data: Any) -> Any:
        """``temp:`` without a value is written as often as ``temp: {}``."""
        if isinstance(data, dict) and "temp" in data and data["temp"] is None:
            return {**data, "temp": {}}
        return data


class Pipeline(_Model):
    """One document of kind ``pipeline``."""

    kind: Literal["pipeline"]
    type: Annotated[Literal["docker", "kubernetes"], BeforeValidator(as_default)] = "docker"
    """Both run on Docker: one that needs a cluster is left out before it comes here."""
    version: str = ""
    name: OptionalText = "default"
    clone: Clone = Clone()
    concurrency: Concurrency = Concurrency()
    node: dict[str, str] = {}
    """Labels that the worker must have."""
    platform: Platform = Platform()
    trigger: Conditions = Conditions()
    depends_on: tuple[str, ...] = ()
    """Pipelines of this file that come before."""
    environment: dict[str, Value] = {}
    """For every step; the step's own wins."""
    image_pull_secrets: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    workspace: Workspace = Workspace()
    services: tuple[Service, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def is_graph(self) -> bool:
        """Whether anything depends on something; without, steps run one after the other.

        An empty list alone makes no graph, as Drone has it.
        """
        return any(step.depends_on for step in (*self.services, *self.steps))
