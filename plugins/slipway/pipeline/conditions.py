"""When a step or pipeline runs: ``when`` and ``trigger``.

All conditions must hold. Within one, a value passes that matches no ``exclude`` and, where there
is an ``include``, one of those. Patterns are globs as docs.drone.io/pipeline/conditions has them:
``*`` and ``?`` stay within a path's part, ``**`` does not, ``{a,b}`` is either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

FAILURE, SUCCESS = "failure", "success"


class RunPolicy(StrEnum):
    """When a step runs, given how the pipeline stands."""

    ON_SUCCESS = "on-success"
    ON_FAILURE = "on-failure"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What made a build, as conditions see it: :class:`slipway.event.Event`, and where it was.

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


class Condition(BaseModel):
    """What one value must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def matches(self, value: str) -> bool:
        """Tell whether a value passes."""
        if any(_glob(pattern).fullmatch(value) for pattern in self.exclude):
            return False
        return not self.include or any(_glob(p).fullmatch(value) for p in self.include)


def _as_condition(data: Any) -> Any:
    """Read a pattern, a list of patterns, or ``include`` and ``exclude``."""
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

    def unmet(self, event: Event) -> str:
        """Return the first condition that does not hold, with its value; empty when all do.

        ``status`` is not looked at: it is known only while the pipeline runs.
        """
        seen = {
            "event": event.name, "branch": event.branch, "ref": event.ref, "repo": event.repo,
            "target": event.target, "cron": event.cron, "action": event.action,
            "instance": event.instance,
        }  # fmt: skip
        for name, value in seen.items():
            if not getattr(self, name).matches(value):
                return f"{name} is {value!r}"
        return ""

    def policy(self) -> RunPolicy:
        """Return what ``status`` says."""
        if self.status == Condition() or not self.status.matches(FAILURE):
            return RunPolicy.ON_SUCCESS
        return RunPolicy.ALWAYS if self.status.matches(SUCCESS) else RunPolicy.ON_FAILURE


@lru_cache(maxsize=512)
def _glob(pattern: str) -> re.Pattern[str]:
    """Translate a glob; what is not a well-formed one matches itself only."""
    try:
        return re.compile(_translated(pattern), re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))


_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?[^\]]+\]|\\.|[{},]|[^*?\[\\{},]+|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _translated(pattern: str) -> str:
    out, depth = [], 0
    for part in _PARTS.findall(pattern):
        if part in _WILD:
            out.append(_WILD[part])
        elif part == "{":
            depth += 1
            out.append("(?:")
        elif part == "}" and depth:
            depth -= 1
            out.append(")")
        elif part == "," and depth:
            out.append("|")
        elif len(part) > 2 and part[0] == "[":
            inner = part[1:-1].replace("\\", "\\\\")
            out.append(f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]")
        else:
            out.append(re.escape(part[1] if part[0] == "\\" and len(part) == 2 else part))
    return "".join(out)
