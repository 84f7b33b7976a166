"""What the runner is to run: neutral, complete and plain enough for JSON."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.facts import Fact


@dataclass(frozen=True, kw_only=True, slots=True)
class StepSpec(Fact):
    """One container.

    :param id: the container's name.
    :param name: the step's, as its author wrote it.
    :param image: after the project's ``images`` were applied.
    :param pull: ``always``, ``if-not-exists`` or ``never``.
    :param entrypoint: None keeps the image's.
    :param command: None keeps the image's.
    :param working_dir: None keeps the image's.
    :param aliases: host names on the pipeline's network.
    :param depends_on: names of steps that come before.
    :param detach: goes on in the background.
    :param ignore_failure: the pipeline goes on as if it had passed.
    """

    id: str
    name: str
    image: str
    pull: str
    environment: dict[str, str]
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    working_dir: str | None = None
    user: str | None = None
    aliases: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    detach: bool = False
    ignore_failure: bool = False
    privileged: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Isolation(Fact):
    """What each container of a pipeline may do and use; privileged ones only keep the limits.

    :param drop: capabilities taken away.
    :param add: capabilities given back.
    :param memory: bytes; None is no limit.
    :param cpus: cores; None is no limit.
    :param pids: processes and threads; None is no limit.
    """

    drop: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    no_new_privileges: bool = False
    memory: int | None = None
    cpus: float | None = None
    pids: int | None = None


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
)
TRUSTED = Isolation()


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineSpec(Fact):
    """One pipeline.

    :param id: the name of its network and of its workspace volume.
    :param workspace: where each container sees the sources.
    :param labels: on everything that is made, and what it is found by afterwards.
    """

    id: str
    name: str
    workspace: str
    labels: dict[str, str]
    isolation: Isolation
    services: tuple[StepSpec, ...]
    steps: tuple[StepSpec, ...]
