"""The rules that a well-formed pipeline must keep: Drone refuses the same, or fails at it.

What Drone passes over in silence is told by :mod:`slipway.pipeline.lint.ignored_keys`.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from slipway.model.text.nearest import nearest
from slipway.pipeline.lint.trust import untrusted
from slipway.pipeline.yaml.cycles import find_cycle
from slipway.pipeline.yaml.diagnostics import MOST_SHOWN
from slipway.pipeline.yaml.globs import PatternTooComplex, compiled
from slipway.pipeline.yaml.substitution import BadSubstitution, substitute
from slipway.pipeline.yaml.values import CLONE, normal_path
from slipway.pipeline.yaml.walk import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from slipway.pipeline.yaml.conditions import Conditions
    from slipway.pipeline.yaml.diagnostics import Path, Problem
    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline, Step

Rule: TypeAlias = "Callable[[Document, Pipeline], Iterator[Problem]]"

# Drone's own first step: it may be waited for, and the sources are always there before.
# Steps and services of a file; names in one mapping.
MOST_CONTAINERS, _MOST_NAMED = 300, 500
# Longer names are compared with none: that takes the square of their length.
_LONGEST_COMPARED = 100
# Names of the volumes that Drone itself makes.
_RESERVED = ("workspace", "_workspace", "_docker_socket")
# A folder that the runner keeps for itself.
_KEPT = "/run/drone"


def lint(document: Document, pipeline: Pipeline, *, trusted: bool) -> list[Problem]:
    """Check a pipeline against every rule.

    :param document: where it came from, for the places.
    :param pipeline: as the file has it.
    :param trusted: the project may use what reaches out of its containers.
    :returns: what breaks a rule; nothing when all is well.
    """
    rules = _RULES if trusted else (*_RULES, untrusted)
    # A hostile file breaks each rule a thousand times, and looking for the nearest name takes long.
    return [
        problem for rule in rules for problem in islice(rule(document, pipeline), MOST_SHOWN + 1)
    ]


def lint_file(
    documents: Sequence[Document], pipelines: Sequence[Pipeline], elsewhere: Collection[str] = ()
) -> list[Problem]:
    """Check the pipelines of a file against each other.

    :param documents: where each of them came from.
    :param pipelines: in the order of the file.
    :param elsewhere: names of pipelines in the file that other runners would run.
    """
    return [
        *_duplicate_pipeline(documents, pipelines),
        *_unknown_pipeline(documents, pipelines, elsewhere),
        *_pipeline_cycle(documents, pipelines),
        *_too_many(documents, pipelines),
    ]


def _duplicate_pipeline(
    documents: Sequence[Document], pipelines: Sequence[Pipeline]
) -> Iterator[Problem]:
    seen: set[str] = set()
    for document, pipeline in zip(documents, pipelines, strict=True):
        if pipeline.name in seen:
            message = f"a pipeline is called `{pipeline.name}` already"
            yield document.problem("duplicate-pipeline", ("name",), message)
        seen.add(pipeline.name)


def _unknown_pipeline(
    documents: Sequence[Document], pipelines: Sequence[Pipeline], elsewhere: Collection[str]
) -> Iterator[Problem]:
    names = [*(pipeline.name for pipeline in pipelines), *elsewhere]
    for document, pipeline in zip(documents, pipelines, strict=True):
        for i, wanted in enumerate(pipeline.depends_on):
            if wanted not in names:
                message = f"no pipeline is called `{wanted}`"
                path: Path = ("depends_on", i)
                advice = meant(wanted, names)
                yield document.problem("unknown-dependency", path, message, advice=advice)


def _pipeline_cycle(
    documents: Sequence[Document], pipelines: Sequence[Pipeline]
) -> Iterator[Problem]:
    graph = {pipeline.name: pipeline.depends_on for pipeline in pipelines}
    if cycle := find_cycle(graph):
        position = [pipeline.name for pipeline in pipelines].index(cycle[0])
        message = f"these wait for each other for ever: {' -> '.join([*cycle, cycle[0]])}"
        yield documents[position].problem("cycle", ("depends_on",), message)


def _too_many(documents: Sequence[Document], pipelines: Sequence[Pipeline]) -> Iterator[Problem]:
    """Each is a container, and all of a pipeline's are made at once."""
    count = sum(len(pipeline.services) + len(pipeline.steps) for pipeline in pipelines)
    if count > MOST_CONTAINERS:
        message = f"the file has {count} steps and services; {MOST_CONTAINERS} is the limit"
        yield documents[-1].problem("too-many-steps", (), message)


def containers(pipeline: Pipeline) -> Iterator[tuple[Path, Step]]:
    """Yield every service and step, and the way to it."""
    yield from ((("services", i), service) for i, service in enumerate(pipeline.services))
    yield from ((("steps", i), step) for i, step in enumerate(pipeline.steps))


def _duplicate_name(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, step in containers(pipeline):
        if step.name and step.name in seen:
            message = f"a step or service is called `{step.name}` already"
            yield document.problem("duplicate-name", (*path, "name"), message)
        seen.add(step.name)


def _unknown_dependency(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    names = [step.name for step in pipeline.steps]
    known = {*names, CLONE, *(service.name for service in pipeline.services)}
    for i, step in enumerate(pipeline.steps):
        for j, wanted in enumerate(step.depends_on or ()):
            if wanted not in known:
                path: Path = ("steps", i, "depends_on", j)
                message, advice = f"no step is called `{wanted}`", meant(wanted, names)
                yield document.problem("unknown-dependency", path, message, advice=advice)


def _service_waits_for_step(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    services = {service.name for service in pipeline.services}
    for i, service in enumerate(pipeline.services):
        for j, wanted in enumerate(service.depends_on or ()):
            if wanted not in services and wanted != CLONE:
                message = f"a service cannot wait for `{wanted}`: it starts before all steps"
                path: Path = ("services", i, "depends_on", j)
                yield document.problem("service-waits", path, message)


def _cycle(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    graph = {step.name: step.depends_on or () for step in pipeline.steps}
    if cycle := find_cycle(graph):
        position = [step.name for step in pipeline.steps].index(cycle[0])
        message = f"these wait for each other for ever: {' -> '.join([*cycle, cycle[0]])}"
        yield document.problem("cycle", ("steps", position, "depends_on"), message)


def images(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    """Refuse names that are none of an image's."""
    for path, step in containers(pipeline):
        if "${" not in step.image and re.search(r"\s", step.image):
            message = "an image's name has no blanks"
            yield document.problem("image-name", (*path, "image"), message)


def _sizes(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    """Refuse what would be copied into every step, or looked through for each of them."""
    if len(pipeline.volumes) > _MOST_NAMED:
        message = f"there are more than {_MOST_NAMED} volumes"
        yield document.problem("too-many-volumes", ("volumes",), message, at_key=True)
    places: list[tuple[Path, Any]] = [(("environment",), pipeline.environment)]
    for path, step in containers(pipeline):
        places += [((*path, key), getattr(step, key)) for key in ("environment", "settings")]
    for path, named in places:
        if len(named) > _MOST_NAMED:
            message = f"there are more than {_MOST_NAMED} variables"
            yield document.problem("too-many-variables", path, message, at_key=True)


def volumes(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    """Refuse the names and the folder that the runner keeps for itself."""
    for i, volume in enumerate(pipeline.volumes):
        if volume.name in _RESERVED:
            message = f"a volume cannot be called `{volume.name}`"
            path: Path = ("volumes", i, "name")
            yield document.problem("volume-name", path, message, advice="Drone keeps this name")
    for path, step in containers(pipeline):
        for i, mount in enumerate(step.volumes):
            place: Path = (*path, "volumes", i)
            if mount.name in _RESERVED:
                message = f"the volume `{mount.name}` is not for steps"
                yield document.problem("volume-name", (*place, "name"), message)
            if normal_path(mount.path).startswith(_KEPT):
                message = f"cannot mount a volume at {_KEPT}"
                advice = "the runner keeps this folder for itself; choose another one"
                yield document.problem("volume-path", (*place, "path"), message, advice=advice)


def _conditions(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    places: list[tuple[Path, Conditions]] = [(("trigger",), pipeline.trigger)]
    places += [((*path, "when"), step.when) for path, step in containers(pipeline)]
    for path, conditions in places:
        yield from _patterns(document, path, conditions)


def _patterns(document: Document, path: Path, conditions: Conditions) -> Iterator[Problem]:
    for key in sorted(conditions.model_fields_set):
        condition = getattr(conditions, key)
        for pattern in (*condition.include, *condition.exclude):
            try:
                compiled(pattern)
            except PatternTooComplex as error:
                advice = error.advice
                message = error.message
                yield document.problem("pattern", (*path, key), message, advice=advice)


def _substitution(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    for path, text in texts(pipeline):
        if "commands" in path:
            continue  # what is not ours there is the shell's
        keys = ((path[: cut + 1], str(part)) for cut, part in enumerate(path))
        for place, one in (*keys, (path, text)):
            try:
                substitute(one, {})
            except BadSubstitution as error:
                advice = "write `$${` for the text itself"
                yield document.problem(
                    "substitution", place, str(error), advice=advice, at_key=one is not text
                )


def _zero_byte(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    """Nothing that reaches a program may hold a zero byte: it would end there."""
    for path, text in texts(pipeline):
        if "\0" in text or any("\0" in str(part) for part in path):
            message = "there is a zero byte in here"
            yield document.problem("zero-byte", path, message, at_key=True)


def meant(wanted: str, names: Sequence[str]) -> str:
    """Say which name was meant; nothing where none is near."""
    if len(wanted) > _LONGEST_COMPARED:
        return ""
    short = [name for name in names if len(name) <= _LONGEST_COMPARED]
    near = nearest(wanted, short)
    return f"did you mean `{near}`?" if near else ""


_RULES: tuple[Rule, ...] = (
    _duplicate_name,
    _unknown_dependency,
    _cycle,
    _service_waits_for_step,
    images,
    _sizes,
    volumes,
    _conditions,
    _substitution,
    _zero_byte,
)
