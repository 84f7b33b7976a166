"""What the pages are made with; tests put their own in place of each."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.board.actions import Ordering
from slipway.board.board import Board
from slipway.board.cells import Cell
from slipway.board.forms import Forms
from slipway.board.people import Missing
from slipway.board.reading import Allowing, ReadModel, Watching
from slipway.hooks.airflow_people import Person
from slipway.model.board.snapshot import ProjectSnapshot


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Where pages get what they show, and where they hand on what people ask for.

    :param model: what runs where.
    :param watching: what Airflow says of runs.
    :param allowing: what somebody may do.
    :param ordering: carries out what they ask for.
    :param forms: knows our own forms.
    """

    model: ReadModel
    watching: Watching
    allowing: Allowing
    ordering: Ordering
    forms: Forms

    @property
    def board(self) -> Board:
        """What people see of projects."""
        return Board(model=self.model, watching=self.watching, allowing=self.allowing)

    def project(self, person: Person, name: str) -> ProjectSnapshot:
        """Return a project, with what somebody may see of it.

        :raises Missing: when there is none that they may see.
        """
        found = self.board.project(person, name)
        if found is None:
            raise Missing
        return found

    def cell(self, person: Person, project: str, environment: str) -> Cell:
        """Return an environment, as it is now.

        :raises Missing: when there is none that they may see.
        """
        snapshot = self.project(person, project).of(environment)
        if snapshot is None:
            raise Missing
        return self.board.cell(snapshot)
