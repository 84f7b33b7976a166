"""A row of the comparison with Drone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from slipway.pipeline.compiler.spec import BuildSpec, StepSpec

SAME = "the same"
MESSAGE = 'It\'s "new"; $(touch pwned)\n\nAnd more.'


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What becomes of a file.

    :param warned: rules of its warnings.
    :param refused: rules of its mistakes, where it is not taken.
    :param output: what the commands of its steps print.
    """

    spec: BuildSpec | None
    warned: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    output: str = ""

    def step(self, name: str = "a") -> StepSpec:
        assert self.spec is not None
        pipelines = self.spec.pipelines
        steps = [step for one in pipelines for step in (*one.services, *one.steps)]
        return next(step for step in steps if step.name == name)

    def unmet(self, name: str) -> str:
        assert self.spec is not None
        return next(one.unmet for one in self.spec.pipelines if one.name == name)


Check: TypeAlias = Callable[[Outcome], object]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A construct.

    :param text: a file that has it; ``kind: pipeline`` is put before one that begins otherwise.
    :param warns: the rule of its warning.
    :param refused: the rule that it breaks.
    :param check: is true of what becomes of the file.
    """

    construct: str
    drone: str
    here: str = SAME
    text: str = ""
    warns: str = ""
    refused: str = ""
    check: Check = field(default=lambda _: True)
    more: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """Return the row as the page has it."""
        return f"| {self.construct} | {self.drone} | {self.here} |"


A = "steps: [{name: a, image: i, commands: [%s]}]"
