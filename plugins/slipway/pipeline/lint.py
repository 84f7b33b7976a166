"""The rules that a well-formed pipeline must keep; Drone refuses the same things, and some more."""

from __future__ import annotations

import difflib
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from slipway.pipeline.globs import PatternTooComplex, compiled
from slipway.pipeline.graph import find_cycle
from slipway.pipeline.lint_trust import untrusted
from slipway.pipeline.places import MOST_SHOWN
from slipway.pipeline.substitution import BadSubstitution, substitute
from slipway.pipeline.texts import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from slipway.pipeline.conditions import Conditions
    from slipway.pipeline.model import Pipeline, Step
    from slipway.pipeline.places import Path, Problem
    from slipway.pipeline.reader import Document

Rule: TypeAlias = "Callable[[Document, Pipeline], Iterator[Problem]]"

# Drone's own first step: it may be waited for, and the sources are always there before.
CLONE = "clone"
# Steps and services of a file; names in one mapping.
MOST_CONTAINERS, _MOST_NAMED = 300, 500
# Longer names are compared with none: that takes the square of their length.
_LONGEST_COMPARED = 100
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# Names of the volumes that Drone itself makes.
_RESERVED = ("workspace", "_workspace", "_docker_socket")
_WORDS = {
    "event": ("push", "pull_request", "tag", "promote", "rollback", "cron", "custom"),
    "status": ("success", "failure"),
}


def lint(document: Document, pipeline: Pipeline, *, trusted: bool) -> list[Problem]:
    """Check a pipeline against every rule.

    :param document: where it came from, for the places.
    :param trusted: the project may use what reaches out of its containers.
    :returns: what breaks a rule; nothing when all is well.
    """
    rules = _RULES if trusted else (*_RULES, untrusted)
    # A hostile file breaks each rule a thousand times, and looking for the nearest name takes long.
    return [
        problem for rule in rules for problem in islice(rule(document, pipeline), MOST_SHOWN + 1)
    ]


def lint_file(documents: Sequence[Document], pipelines: Sequence[Pipeline]) -> list[Problem]:
    """Check the pipelines of a file against each other.

    :param documents: where each of them came from.
    """
    return [
        *_duplicate_pipeline(documents, pipelines),
        *_unknown_pipeline(documents, pipelines),
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
    documents: Sequence[Document], pipelines: Sequence[Pipeline]
) -> Iterator[Problem]:
    names = [pipeline.name for pipeline in pipelines]
    for document, pipeline in zip(documents, pipelines, strict=True):
        for i, wanted in enumerate(pipeline.depends_on):
            if wanted not in names:
                message = f"no pipeline is called `{wanted}`"
                path: Path = ("depends_on", i)
                advice = _nearest(wanted, names)
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
            advice = _nearest(wanted, names)
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
    places: list[tuple[Path, Any]] = [((), pipeline.environment)]
    places += [(path, step.environment) for path, step in containers(pipeline)]
    for path, environment in places:
        for name in environment:
            if not _VARIABLE.fullmatch(name):
                message = f"`{name}` cannot be the name of a variable"
                here = (*path, "environment", name)
                yield document.problem("variable-name", here, message, at_key=True)


def _image(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
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


def _shell(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    for path, step in containers(pipeline):
        if step.shell and re.search(r"powershell|pwsh|cmd(\.exe)?$", step.shell, re.IGNORECASE):
            message = f"{step.shell} does not read scripts the way a Unix shell does"
            yield document.problem("shell", (*path, "shell"), message, advice="use a Unix shell")


def _volumes(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    names = [volume.name for volume in pipeline.volumes]
    for i, volume in enumerate(pipeline.volumes):
        here: Path = ("volumes", i)
        if volume.name in _RESERVED or volume.name in names[:i]:
            message = f"a volume cannot be called `{volume.name}`"
            advice = "it is there already" if volume.name in names[:i] else "Drone keeps this name"
            yield document.problem("volume-name", (*here, "name"), message, advice=advice)
        if (volume.temp is None) == (volume.host is None):
            message = "a volume is either `temp: {}` or `host: {path: ...}`"
            yield document.problem("volume-kind", here, message)
    for path, step in containers(pipeline):
        for key, mounts in (("volumes", step.volumes), ("devices", step.devices)):
            for i, mount in enumerate(mounts):
                if mount.name not in names:
                    message = f"no volume is called `{mount.name}`"
                    advice = _nearest(mount.name, names) or "add it under the pipeline's `volumes`"
                    where = (*path, key, i, "name")
                    yield document.problem("unknown-volume", where, message, advice=advice)


def _conditions(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    places: list[tuple[Path, Conditions]] = [(("trigger",), pipeline.trigger)]
    places += [((*path, "when"), step.when) for path, step in containers(pipeline)]
    for path, conditions in places:
        for key, words in _WORDS.items():
            condition = getattr(conditions, key)
            for word in (*condition.include, *condition.exclude):
                if word not in words and not re.search(r"[*?\[{$]", word):
                    message = f"no {key} is called `{word}`"
                    advice = _nearest(word, words) or f"there are {', '.join(words)}"
                    yield document.problem("unknown-word", (*path, key), message, advice=advice)
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


def _secrets(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    """Drone replaces ``from_secret`` only where a setting's whole value is one."""
    for path, step in containers(pipeline):
        for name, value in step.settings.items():
            if isinstance(value, dict | list) and _asks_within(value):
                message = "`from_secret` works only as the whole value of a setting"
                here = (*path, "settings", name)
                yield document.problem("nested-secret", here, message)


def _asks_within(value: Any) -> bool:
    if isinstance(value, dict):
        return "from_secret" in value or any(_asks_within(item) for item in value.values())
    return isinstance(value, list) and any(_asks_within(item) for item in value)


def _substitution(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    for path, text in texts(pipeline):
        if "commands" in path:
            continue  # what is not ours there is the shell's
        try:
            substitute(text, {})
        except BadSubstitution as error:
            advice = "write `$${` for the text itself"
            yield document.problem("substitution", path, str(error), advice=advice)


def _zero_byte(document: Document, pipeline: Pipeline) -> Iterator[Problem]:
    """Nothing that reaches a program may hold a zero byte: it would end there."""
    for path, text in texts(pipeline):
        if "\0" in text or any("\0" in str(part) for part in path):
            message = "there is a zero byte in here"
            yield document.problem("zero-byte", path, message, at_key=True)


def _nearest(wanted: str, names: Sequence[str]) -> str:
    if len(wanted) > _LONGEST_COMPARED:
        return ""
    short = [name for name in names if len(name) <= _LONGEST_COMPARED]
    near = difflib.get_close_matches(wanted, short, n=1)
    return f"did you mean `{near[0]}`?" if near else ""


_RULES: tuple[Rule, ...] = (
    _duplicate_name, _unknown_dependency, _cycle, _service_in_graph, _environment, _image,
    _sizes, _shell, _volumes, _conditions, _secrets, _substitution, _zero_byte,
)  # fmt: skip
