"""The rules that a well-formed pipeline must keep; Drone refuses the same things."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, TypeAlias

from slipway.pipeline.graph import find_cycle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slipway.pipeline.model import Pipeline, Step
    from slipway.pipeline.places import Path, Problem
    from slipway.pipeline.reader import Document

Rule: TypeAlias = "Callable[[Document, Pipeline], Iterator[Problem]]"

# Drone's own first step: it may be waited for, and the sources are always there before.
CLONE = "clone"
# Linux takes 128 KiB in one environment variable (MAX_ARG_STRLEN), and the script is one.
_LONGEST_SCRIPT = 100_000
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_SUBSTITUTION = re.compile(r"\$\$?\{")


def lint(document: Document, pipeline: Pipeline, *, trusted: bool) -> list[Problem]:
    """Check a pipeline against every rule.

    :param document: where it came from, for the places.
    :param trusted: the project may use what reaches out of its containers.
    :returns: what breaks a rule; nothing when all is well.
    """
    rules = _ALWAYS if trusted else (*_ALWAYS, _privileged)
    return [problem for rule in rules for problem in rule(document, pipeline)]


def _containers(pipeline: Pipeline) -> Iterator[tuple[Path, Step]]:
    yield from ((("services", i), service) for i, service in enumerate(pipeline.services))
    yield from ((("steps", i), step) for i, step in enumerate(pipeline.steps))


def _duplicate_name(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, step in _containers(pipeline):
        if step.name in seen:
            message = f"a step or service is called `{step.name}` already"
            yield document.problem("duplicate-name", (*path, "name"), message)
        seen.add(step.name)


def _unknown_dependency(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    names = [step.name for step in pipeline.steps]
    services = {service.name for service in pipeline.services}
    for i, step in enumerate(pipeline.steps):
        for j, wanted in enumerate(step.depends_on or ()):
            if wanted in (*names, CLONE):
                continue
            near = difflib.get_close_matches(wanted, names, n=1)
            advice = f"did you mean `{near[0]}`?" if near else ""
            if wanted in services:
                advice = "services are ready before any step starts; leave it out"
            path: Path = ("steps", i, "depends_on", j)
            message = f"no step is called `{wanted}`"
            yield document.problem("unknown-dependency", path, message, advice=advice)


def _cycle(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    graph = {step.name: step.depends_on or () for step in pipeline.steps}
    if cycle := find_cycle(graph):
        position = [step.name for step in pipeline.steps].index(cycle[0])
        message = f"these wait for each other for ever: {' -> '.join([*cycle, cycle[0]])}"
        yield document.problem("cycle", ("steps", position, "depends_on"), message)


def _service_in_graph(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    for i, service in enumerate(pipeline.services):
        if service.depends_on:
            message = "a service cannot depend on anything: it starts before all steps"
            path: Path = ("services", i, "depends_on")
            yield document.problem("service-dependency", path, message, at_key=True)


def _environment(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    places: list[tuple[Path, dict[str, str]]] = [((), pipeline.environment)]
    places += [(path, step.environment) for path, step in _containers(pipeline)]
    for path, environment in places:
        for name, value in environment.items():
            here = (*path, "environment", name)
            if not _VARIABLE.fullmatch(name):
                message = f"`{name}` cannot be the name of a variable"
                yield document.problem("variable-name", here, message, at_key=True)
            if _SUBSTITUTION.search(value):
                yield document.problem("not-yet", here, _NO_SUBSTITUTION, advice=_USE_SHELL)


def _image(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    for path, step in _containers(pipeline):
        if _SUBSTITUTION.search(step.image):
            yield document.problem("not-yet", (*path, "image"), _NO_SUBSTITUTION)
        elif re.search(r"\s", step.image):
            message = "an image's name has no blanks"
            yield document.problem("image-name", (*path, "image"), message)


def _commands(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    for path, step in _containers(pipeline):
        if sum(len(command.encode()) for command in step.commands) > _LONGEST_SCRIPT:
            message = f"the commands have more than {_LONGEST_SCRIPT} bytes"
            advice = "put them into a script in the repository"
            yield document.problem("script-too-long", (*path, "commands"), message, advice=advice)
        for i, command in enumerate(step.commands):
            if "$${" in command:
                message = "`$${` is not supported yet"
                here = (*path, "commands", i)
                yield document.problem("not-yet", here, message, advice="write `${`")


def _zero_byte(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    """Nothing that reaches a program may hold a zero byte: it would end there."""
    for path, step in _containers(pipeline):
        for key, value in step.model_dump(mode="json").items():
            if "\0" in str(value) or "\\x00" in repr(value):
                message = "there is a zero byte in here"
                yield document.problem("zero-byte", (*path, key), message, at_key=True)


def _privileged(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    for path, step in _containers(pipeline):
        if step.privileged:
            message = "untrusted projects cannot run privileged containers"
            here = (*path, "privileged")
            advice = "set `test: {trusted: true}` in the project file, if you do trust it"
            yield document.problem("untrusted", here, message, advice=advice, at_key=True)


_NO_SUBSTITUTION = "`${...}` is not substituted here yet"
_USE_SHELL = "use the variable in a command instead, where the shell replaces it"
_ALWAYS: tuple[Rule, ...] = (
    _duplicate_name, _unknown_dependency, _cycle, _service_in_graph, _environment, _image,
    _commands, _zero_byte,
)  # fmt: skip
