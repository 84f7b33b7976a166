"""The fact that Slipway is being maintained, and which runs that holds up."""

from __future__ import annotations

import json
from dataclasses import dataclass

from slipway.model.fact import Fact

# Airflow's Variable that it is kept in: whoever may set Variables may begin it.
VARIABLE = "slipway_maintenance"
# These go on: two only look, and what the first finds waits in a run of its own; the other is how
# people stop deployments.
GO_ON = frozenset({"commits", "controls", "check_projects"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Maintenance(Fact):
    """No run begins from now on; those that have begun go on to their ends.

    :param by: who wants it.
    :param at: since when, seconds since 1970.
    :param why: for whoever is held up.
    """

    by: str
    at: float
    why: str

    @classmethod
    def read(cls, told: str) -> Maintenance:
        """Return what the Variable says; it holds everything up where it says nothing readable.

        :param told: its value.
        """
        try:
            return cls.from_json(json.loads(told))
        except (AttributeError, KeyError, TypeError, ValueError):
            why = f"the Variable {VARIABLE} says nothing readable: `fab maintenance off` removes it"
            return cls(by="somebody", at=0.0, why=why)

    def holds(self, dag_id: str, began_at: float, *, after_person: bool = False) -> bool:
        """Tell whether a task of a run has to wait until it is over.

        :param dag_id: whose run it is.
        :param began_at: when the run began, seconds since 1970.
        :param after_person: the task comes right after a person's answer, which may come at any
            time: up to it nothing was changed.
        """
        return dag_id not in GO_ON and (after_person or began_at >= self.at)
