"""One step of a checked pipeline -> its spec."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipway.exceptions import ImageRefused
from slipway.model.container import ContainerSpec, Limits, PortBinding, Security
from slipway.pipeline.commit_text.insertion import CommitTextInCode
from slipway.pipeline.compiler import script, script_file
from slipway.pipeline.compiler.plugin_settings import plugin_variables
from slipway.pipeline.compiler.refusals import Refusals, without
from slipway.pipeline.compiler.service_ports import awaited_ports
from slipway.pipeline.compiler.spec import StepSpec
from slipway.pipeline.lint.image_names import is_latest, replaced
from slipway.pipeline.lint.image_rules import ImageRules
from slipway.pipeline.yaml.values import FAILURES, PULLS, FromSecret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.pipeline.compiler.spec import VolumeSpec
    from slipway.pipeline.yaml.conditions import Event
    from slipway.pipeline.yaml.model import Step
    from slipway.pipeline.yaml.substitution import Budget

_UNFIT = re.compile(r"[^a-zA-Z0-9_.-]+")
# A container's name is for people to read; the whole step name stays in the spec.
_LONGEST_NAME = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the steps of a pipeline share.

    :param id: of the pipeline, with which the names of its containers begin.
    :param event: as conditions see it.
    :param environment: the pipeline's own, for every step.
    :param variables: of the build and the pipeline.
    :param images: image names and what is used in their place.
    :param workspace: where each container sees the sources.
    :param volumes: that the steps may mount.
    :param budget: what the file's texts may still come to.
    :param image_rules: which images may be used.
    :param notices: for the log; what there is to be said is added.
    :param late: marks what is filled in when a step starts.
    :param refusals: what is done where a commit's text would be code.
    """

    id: str
    event: Event
    variables: Mapping[str, str]
    images: Mapping[str, str]
    workspace: str
    volumes: tuple[VolumeSpec, ...]
    environment: Mapping[str, str | FromSecret]
    budget: Budget
    image_rules: ImageRules = field(default_factory=ImageRules)
    notices: list[str] = field(default_factory=list)
    late: Callable[[str], str] | None = None
    refusals: Refusals = field(default_factory=Refusals)


def step_spec(
    step: Step, number: int, context: Context, *, kind: str, depends_on: tuple[str, ...]
) -> StepSpec:
    """Compile a step or service.

    :param step: with everything substituted but its commands, and what its container runs.
    :param number: its place among its kind, from 1.
    :param context: what it shares with the others.
    :param kind: ``step`` or ``service``.
    :param depends_on: names of steps that come before.
    :raises ImageRefused: when the project must not use its image.
    """
    if reason := context.image_rules.refusal(step.image):
        msg = f"{kind} {step.name!r}: {reason}"
        raise ImageRefused(msg, advice=context.image_rules.advice())
    environment, secrets = _environment(step, number, context)
    runs = _runs(step, number, context, kind)
    image = replaced(step.image, context.images)
    volumes = {volume.name for volume in context.volumes}
    return StepSpec(
        name=step.name,
        container=_container(
            step,
            context,
            name=f"{context.id}-{kind}-{number}-{_UNFIT.sub('-', step.name)[:_LONGEST_NAME]}",
            image=image,
            environment={**environment, **runs.variables},
            runs=runs,
        ),
        pull=_pull(step, image),
        secrets=secrets,
        mounts={mount.path: mount.name for mount in step.volumes if mount.name in volumes},
        depends_on=depends_on,
        policy=step.when.policy().value,
        unmet=step.when.unmet(context.event, "when"),
        detach=step.detach,
        failure=step.failure if step.failure in FAILURES else FAILURES[0],
        script=runs.script,
        awaited_ports=_awaited(step, context) if kind == "service" else None,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Runs:
    """What a step's container runs.

    :param variables: that it needs besides the step's own.
    :param script: its commands, where they are too long for a variable.
    """

    entrypoint: tuple[str, ...] | None
    command: tuple[str, ...] | None
    variables: Mapping[str, str]
    script: str = ""


def _runs(step: Step, number: int, context: Context, kind: str) -> _Runs:
    """Return what the container runs: its commands, or else its own program."""
    if not step.commands:
        program = _program(step, number, context, kind)
        return _Runs(
            entrypoint=program.entrypoint, command=program.command, variables=program.computed
        )
    text, computed = _commands(step, number, context, kind)
    entrypoint, commands = script.entrypoint(step.shell), script.shell_script(text)
    if len(commands.encode()) > script_file.LONGEST_VARIABLE:
        return _Runs(
            entrypoint=entrypoint,
            command=script_file.COMMAND,
            variables=computed,
            script=commands,
        )
    variables = {**computed, script.VARIABLE: commands}
    return _Runs(entrypoint=entrypoint, command=script.COMMAND, variables=variables)


def _container(
    step: Step,
    context: Context,
    *,
    name: str,
    image: str,
    environment: Mapping[str, str],
    runs: _Runs,
) -> ContainerSpec:
    """Describe the container that a pipeline file asks for."""
    # A service that runs its image's own program runs it where the image says.
    own_place = step.detach and not step.commands
    hosts = {volume.name: volume.host for volume in context.volumes}
    return ContainerSpec(
        name=name,
        image=image,
        argv=runs.command,
        entrypoint=runs.entrypoint,
        environment=environment,
        working_dir=step.working_dir or (None if own_place else context.workspace),
        user=step.user,
        network=step.network_mode,
        aliases=(step.name,) if step.detach else (),
        dns=step.dns,
        dns_search=step.dns_search,
        extra_hosts=step.extra_hosts,
        ports=tuple(
            PortBinding(one.port, one.host, one.protocol.lower()) for one in step.ports if one.host
        ),
        devices={
            mount.path: hosts[mount.name] or mount.path
            for mount in step.devices
            if mount.name in hosts
        },
        limits=_limits(step),
        security=Security(privileged=step.privileged),
    )


def _awaited(service: Step, context: Context) -> tuple[int, ...] | None:
    try:
        return awaited_ports(service)
    except ValueError as error:
        context.notices.append(
            f"service {service.name!r}: {error}; its image says what to wait for"
        )
        return None


def _commands(
    step: Step, number: int, context: Context, kind: str
) -> tuple[list[str], dict[str, str]]:
    """Return a step's commands, and the variables that they need besides the build's."""
    commands = list(step.commands)
    while True:
        try:
            return script.with_variables(commands, context.variables, context.budget, context.late)
        except CommitTextInCode as error:
            at = error.position
            context.refusals.add(error, (f"{kind}s", number - 1, "commands", at))
            commands[at] = without(error.held.form, commands[at])


def _program(step: Step, number: int, context: Context, kind: str) -> script.Program:
    """Return what the container runs, where it is not ``commands``."""
    words = {"entrypoint": step.entrypoint, "command": step.command}
    while True:
        try:
            program = script.program_with_variables(
                words["entrypoint"], words["command"], context.variables, context.budget
            )
            break
        except CommitTextInCode as error:
            form = error.held.form
            key = "command" if form in "".join(words["command"] or ()) else "entrypoint"
            context.refusals.add(error, (f"{kind}s", number - 1, key))
            words[key] = tuple(without(form, word) for word in words[key] or ())
    context.notices.extend(
        f"{kind} {step.name!r}, command: the value of {form} is more than plain characters and is "
        "not pasted; a shell finds it in the environment"
        for form in program.left
    )
    return program


def _environment(
    step: Step, number: int, context: Context
) -> tuple[dict[str, str], dict[str, str]]:
    """Return variables with values, and variables with names of secrets.

    The step's own win over the build's, which win over the pipeline's, and those that are empty are
    not there at all, as Drone has it. What would hold a secret is empty for a stranger's commit.
    """
    build = {**context.variables, "DRONE_STEP_NAME": step.name, "DRONE_STEP_NUMBER": str(number)}
    merged: dict[str, str | FromSecret] = {
        **context.environment,
        **build,
        **step.environment,
        **dict(plugin_variables(step.settings)),
    }
    values = {name: value for name, value in merged.items() if isinstance(value, str) and value}
    secrets = {name: value.name for name, value in merged.items() if isinstance(value, FromSecret)}
    if from_a_fork(context.event):
        return values | dict.fromkeys(secrets, ""), {}
    return values, secrets


def from_a_fork(event: Event) -> bool:
    """Tell whether a stranger wrote the commit.

    Whoever may open a pull request must not be able to read what the project knows: neither its
    secrets nor, with them, its private images.
    """
    return event.name == "pull_request" and event.fork


def _pull(step: Step, image: str) -> str:
    """Say when to pull: by default what Drone does, ``latest`` again and again, others once."""
    if step.pull in PULLS and step.pull != "default":
        return step.pull
    return "refresh" if is_latest(image) and image == step.image else "if-not-exists"


def _limits(step: Step) -> Limits:
    limits = step.resources.limits
    return Limits(
        memory=_bound(step.mem_limit) or _bound(limits.memory),
        memory_swap=step.memswap_limit or None,
        shm=_bound(step.shm_size),
        cpus=limits.cpu / 1000 if limits.cpu else None,
    )


def _bound(size: int) -> int | None:
    return size if size > 0 else None
