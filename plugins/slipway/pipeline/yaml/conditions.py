"""When a step or pipeline runs: ``when`` and ``trigger``.

All conditions must hold. Within one, a value passes that matches no ``exclude`` and, where there
is an ``include``, one of those. Patterns are globs as docs.drone.io/pipeline/conditions has them:
they are read by :mod:`slipway.pipeline.yaml.globs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from slipway.pipeline.yaml.globs import matches

FAILURE, SUCCESS = "failure", "success"
# Patterns and characters of a condition that a message tells.
_MOST_TOLD, _WIDEST = 10, 200


class RunPolicy(StrEnum):
    """When a step runs, given how the pipeline stands."""

    ON_SUCCESS = "on-success"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What made a build, as conditions see it: a :class:`slipway.model.event.Event`, and its place.

    :param name: ``push``, ``tag``, ``pull_request``, ``promote``, ``rollback``, ``cron`` or
        ``custom``.
    :param branch: the target branch; empty for a tag.
    :param ref: e.g. ``refs/heads/main``.
    :param repo: ``owner/name``.
    :param target: the environment of a promotion.
    :param cron: the name of the schedule.
    :param action: what happened to a pull request.
    :param instance: the host name of this installation.
    :param fork: the commit comes from a pull request of another repository.
    :param number: of a pull request; 0 where it is not known.
    :param source: the branch that a pull request comes from.
    :param title: of a pull request.
    """

    name: str = "push"
    branch: str = ""
    ref: str = ""
    repo: str = ""
    target: str = ""
    cron: str = ""
    action: str = ""
    instance: str = ""
    fork: bool = False
    number: int = 0
    source: str = ""
    title: str = ""


class Condition(BaseModel):
    """What one value must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def matches(self, value: str) -> bool:
        """Tell whether a value passes.

        :raises PatternTooComplex: when a pattern is beyond what is matched.
        """
        if any(matches(pattern, value) for pattern in self.exclude):
            return False
        return not self.include or any(matches(pattern, value) for pattern in self.include)

    def __str__(self) -> str:
        """Say what is wanted, in the words of a message: ``is [main]``."""
        told = []
        if self.include:
            told.append(f"is [{_listed(self.include)}]")
        if self.exclude:
            told.append(f"excludes [{_listed(self.exclude)}]")
        return " and ".join(told)


def _listed(patterns: tuple[str, ...]) -> str:
    text = ", ".join(patterns[:_MOST_TOLD])
    cut = text[:_WIDEST]
    return cut if len(patterns) <= _MOST_TOLD and cut == text else f"{cut} ..."


def _as_condition(data: Any) -> Any:
    """Read a pattern, a list of patterns, ``include`` and ``exclude``, or nothing: no condition."""
    if data is None:
        return {}
    if isinstance(data, str):
        return {"include": [data]}
    if isinstance(data, list):
        return {"include": data}
    if isinstance(data, dict):
        listed = {"include", "exclude"}
        return {
            key: [value] if key in listed and isinstance(value, str) else value
            for key, value in data.items()
            if value is not None
        }
    return data


_Condition = Annotated[Condition, BeforeValidator(_as_condition)]


class Conditions(BaseModel):
    """Everything that must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: _Condition = Condition()
    branch: _Condition = Condition()
    cron: _Condition = Condition()
    event: _Condition = Condition()
    instance: _Condition = Condition()
    ref: _Condition = Condition()
    repo: _Condition = Condition()
    status: _Condition = Condition()
    target: _Condition = Condition()

    def unmet(self, event: Event, key: str) -> str:
        """Return the first condition that does not hold, and why; empty when all do.

        ``status`` is not looked at: it is known only while the pipeline runs.

        :param event: that they are asked about.
        :param key: what these conditions are called in the file: ``trigger`` or ``when``.
        """
        seen = {
            "event": event.name,
            "branch": event.branch,
            "ref": event.ref,
            "repo": event.repo,
            "target": event.target,
            "cron": event.cron,
            "action": event.action,
            "instance": event.instance,
        }
        for name, value in seen.items():
            condition: Condition = getattr(self, name)
            if not condition.matches(value):
                return f"{key}.{name} {condition}, the build's is {value[:_WIDEST] or 'empty'}"
        return ""

    def policy(self) -> RunPolicy:
        """Return what ``status`` says."""
        if self.status == Condition() or not self.status.matches(FAILURE):
            return RunPolicy.ON_SUCCESS
        return RunPolicy.ALWAYS if self.status.matches(SUCCESS) else RunPolicy.ON_FAILURE
