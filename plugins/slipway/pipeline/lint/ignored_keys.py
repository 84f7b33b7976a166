"""What Drone passes over in silence: the file runs, and the document's warnings tell of it."""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from slipway.pipeline.lint.rules import containers, meant
from slipway.pipeline.lint.unrunnable import forms_of_bash, paths, ports
from slipway.pipeline.yaml.document import MOST_WARNINGS
from slipway.pipeline.yaml.values import CLONE, FAILURES, PULLS, reads_scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from slipway.pipeline.lint.unrunnable import Finding
    from slipway.pipeline.yaml.conditions import Conditions
    from slipway.pipeline.yaml.diagnostics import Path
    from slipway.pipeline.yaml.document import Document
    from slipway.pipeline.yaml.model import Pipeline

    _Check: TypeAlias = Callable[[Pipeline], Iterator[Finding]]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ESCAPED = re.compile(r"\$\$|\\[\\/]")
_PATTERN = re.compile(r"[*?\[{$]")
_WORDS = {
    "event": ("push", "pull_request", "tag", "promote", "rollback", "cron", "custom"),
    "status": ("success", "failure"),
}
# Words of earlier days, and today's.
_TODAY = {
    "deployment": "promote",
    "deploy": "promote",
    "pull-request": "pull_request",
    "manual": "custom",
    "killed": "failure",
}


def warn(document: Document, pipeline: Pipeline, *, trusted: bool) -> None:
    """Note in a document's warnings what its pipeline is run without.

    :param document: where the pipeline came from.
    :param pipeline: as the file has it.
    :param trusted: ports of the host may lead to its containers.
    """
    checks: tuple[_Check, ...] = (*_CHECKS, partial(ports, trusted=trusted))
    for check in checks:
        for rule, path, message, advice in islice(check(pipeline), MOST_WARNINGS):
            document.warn(rule, path, message, advice=advice, at_key=rule in _AT_KEY)


def _no_name(pipeline: Pipeline) -> Iterator[Finding]:
    for path, step in containers(pipeline):
        if not step.name:
            yield "missing-name", path, "this has no name", "it is called by its number"
    if not pipeline.steps:
        yield "no-steps", ("steps",), "there are no steps, so nothing is tested", ""


def _words(pipeline: Pipeline) -> Iterator[Finding]:
    places: list[tuple[Path, Conditions]] = [(("trigger",), pipeline.trigger)]
    places += [((*path, "when"), step.when) for path, step in containers(pipeline)]
    for path, conditions in places:
        for key, words in _WORDS.items():
            condition = getattr(conditions, key)
            for word in (*condition.include, *condition.exclude):
                if word not in words and not _PATTERN.search(word):
                    yield (
                        "unknown-word",
                        (*path, key),
                        f"no {key} is called `{word}`",
                        _proposal(word, words),
                    )
    for path, step in containers(pipeline):
        if step.pull not in PULLS and "${" not in step.pull:
            message = f"`{step.pull}` is not when to pull, so the default counts"
            yield "unknown-word", (*path, "pull"), message, _proposal(step.pull, PULLS)
        if step.failure not in FAILURES and "${" not in step.failure:
            message = f"`{step.failure}` is not what a failure can mean, so it fails the pipeline"
            yield "unknown-word", (*path, "failure"), message, _proposal(step.failure, FAILURES)


def _proposal(word: str, words: Sequence[str]) -> str:
    today = _TODAY.get(word)
    if today in words:
        return f"it is `{today}` today"
    return meant(word, words) or f"there are {', '.join(words)}"


def _dependencies(pipeline: Pipeline) -> Iterator[Finding]:
    services = {service.name for service in pipeline.services} - {""}
    for path, step in containers(pipeline):
        for i, wanted in enumerate(step.depends_on or ()):
            if wanted in services:
                message = f"`{wanted}` is a service, which nothing has to wait for"
                advice = "services are ready before any step starts; leave it out"
                yield "service-dependency", (*path, "depends_on", i), message, advice
    if any(step.name == CLONE for step in pipeline.steps) and not pipeline.clone.disable:
        position = [step.name for step in pipeline.steps].index(CLONE)
        message = "the sources are there already"
        advice = "`clone: {disable: true}` leaves bringing them to this step"
        yield "own-clone", ("steps", position, "name"), message, advice


def _volumes(pipeline: Pipeline) -> Iterator[Finding]:
    names: list[str] = []
    for i, volume in enumerate(pipeline.volumes):
        if volume.name in names:
            message = f"a volume is called `{volume.name}` already; the first one counts"
            yield "same-volume", ("volumes", i, "name"), message, ""
        elif volume.temp is None and volume.host is None:
            message = f"the volume `{volume.name}` is neither `temp` nor `host`, so it is none"
            yield "volume-kind", ("volumes", i), message, "write `temp: {}`"
        elif volume.temp is not None and volume.host is not None:
            message = f"the volume `{volume.name}` is `temp` and `host`; `temp` counts"
            yield "volume-kind", ("volumes", i), message, ""
        names.append(volume.name)
        if volume.temp is not None and volume.temp.medium not in ("", "memory"):
            message = f"`{volume.temp.medium}` is no medium, so the volume lies on disk"
            yield "unknown-word", ("volumes", i, "temp", "medium"), message, "there is `memory`"
    for path, step in containers(pipeline):
        for key, mounts in (("volumes", step.volumes), ("devices", step.devices)):
            for i, mount in enumerate(mounts):
                if mount.name not in names:
                    message = f"no volume is called `{mount.name}`, so nothing is mounted"
                    advice = meant(mount.name, names) or "add it under the pipeline's `volumes`"
                    yield "unknown-volume", (*path, key, i, "name"), message, advice


def _variables(pipeline: Pipeline) -> Iterator[Finding]:
    places: list[tuple[Path, Any]] = [((), pipeline.environment)]
    places += [(path, step.environment) for path, step in containers(pipeline)]
    for path, environment in places:
        for name in environment:
            if not _VARIABLE.fullmatch(name) and "${" not in name:
                message = f"`{name}` cannot be the name of a variable"
                yield "variable-name", (*path, "environment", name), message, ""
    for path, step in containers(pipeline):
        for name, value in step.settings.items():
            if isinstance(value, dict | list) and _asks_within(value):
                message = "`from_secret` works only as the whole value of a setting"
                yield "nested-secret", (*path, "settings", name), message, ""


def _asks_within(value: Any) -> bool:
    if isinstance(value, dict):
        return "from_secret" in value or any(_asks_within(item) for item in value.values())
    return isinstance(value, list) and any(_asks_within(item) for item in value)


def _shell(pipeline: Pipeline) -> Iterator[Finding]:
    for path, step in containers(pipeline):
        if step.shell and not reads_scripts(step.shell):
            message = f"{step.shell} does not read scripts the way a Unix shell does"
            yield "shell", (*path, "shell"), message, "the commands are read by /bin/sh"


def _backslashes(pipeline: Pipeline) -> Iterator[Finding]:
    for path, step in containers(pipeline):
        for i, command in enumerate(step.commands):
            if "\\/" in _ESCAPED.findall(command):
                message = "the backslash before a slash is dropped, as Drone does it"
                yield "backslash", (*path, "commands", i), message, "one of two stays: `\\\\/`"


# Rules whose place is a key.
_AT_KEY = frozenset({"variable-name", "ports"})
_CHECKS: tuple[_Check, ...] = (
    _no_name,
    _words,
    _dependencies,
    _volumes,
    _variables,
    _shell,
    _backslashes,
    paths,
    forms_of_bash,
)
