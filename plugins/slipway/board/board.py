"""The first page: projects down, environments across."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.board.cells import Cell, Mood, Row, cell, columns, dag_of, dags_of
from slipway.board.reading import Allowing, ReadModel, Watching
from slipway.hooks.airflow_people import Person
from slipway.model.board.snapshot import EnvironmentSnapshot, ProjectSnapshot

# Projects on one page: as many as a browser draws at once without a pause.
PER_PAGE = 100
# What is asked for by name, and the moods that it means.
SHOWS = {
    "waiting": ("Waits for a yes", (Mood.ASKS,)),
    "deploying": ("Under way", (Mood.DEPLOYING, Mood.ASKS)),
    "trouble": ("In trouble", (Mood.ILL, Mood.FAILED)),
    "held": ("Held or frozen", (Mood.HELD,)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What somebody looks for.

    :param words: each must be in a row's names, versions, subjects or people.
    :param show: one of :data:`SHOWS`; empty for everything.
    :param page: counting from 1.
    :param urgent_first: rows that want somebody come before the others.
    """

    words: tuple[str, ...] = ()
    show: str = ""
    page: int = 1
    urgent_first: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardView:
    """What the page shows.

    :param columns: the names of environments.
    :param rows: those of the page.
    :param found: how many rows there are on all pages.
    :param counts: how many projects each of :data:`SHOWS` would find.
    :param all: how many projects somebody may see.
    :param page: which page it is, from 1.
    :param pages: how many there are.
    """

    columns: list[str]
    rows: list[Row]
    found: int
    counts: dict[str, int]
    all: int
    page: int
    pages: int


class Board:
    """Puts together what people see of projects.

    :param model: what runs where.
    :param watching: what Airflow says of runs.
    :param allowing: what somebody may see.
    """

    def __init__(self, *, model: ReadModel, watching: Watching, allowing: Allowing) -> None:
        self._model = model
        self._watching = watching
        self._allowing = allowing

    def view(self, person: Person, wanted: Wanted) -> BoardView:
        """Return the first page.

        :param person: who looks.
        :param wanted: what they look for.
        """
        projects = self._visible(person, self._model.projects())
        rows = self._rows(projects)
        counts = {name: sum(_shows(row, name) for row in rows) for name in SHOWS}
        found = [row for row in rows if _matches(row, wanted)]
        if wanted.urgent_first:
            order = list(Mood)
            found.sort(key=lambda row: order.index(row.mood))
        pages = max(1, -(-len(found) // PER_PAGE))
        page = min(max(1, wanted.page), pages)
        return BoardView(
            columns=columns(projects),
            rows=found[(page - 1) * PER_PAGE : page * PER_PAGE],
            found=len(found),
            counts=counts,
            all=len(rows),
            page=page,
            pages=pages,
        )

    def projects(self, person: Person) -> list[ProjectSnapshot]:
        """Return every project, with what somebody may see of it, by name.

        :param person: who looks.
        """
        found = self._visible(person, self._model.projects())
        return sorted(found, key=lambda one: one.project)

    def status(self, person: Person) -> list[dict[str, Any]]:
        """Return what the page shows, of all projects, for programs; what waits is as it is now.

        :param person: who looks.
        """
        found, projects = [], self.projects(person)
        rows = {row.project: row for row in self._rows(projects)}
        for one in projects:
            told = one.for_programs()
            cells = rows[one.project].cells
            for place, shown in zip(told["environments"], cells, strict=True):
                place["waiting"] = [run.for_programs() for run in shown.waiting]
            found.append(told)
        return found

    def project(self, person: Person, name: str) -> ProjectSnapshot | None:
        """Return a project, with what somebody may see of it.

        :param person: who looks.
        :param name: its name.
        :returns: None where there is no such project, and where they may not see it.
        """
        found = self._model.project(name)
        visible = self._visible(person, [found]) if found is not None else []
        return visible[0] if visible else None

    def cell(self, snapshot: EnvironmentSnapshot) -> Cell:
        """Return one environment, as it is now."""
        return cell(snapshot, self._watching.live(dags_of(snapshot)))

    def _visible(
        self, person: Person, projects: Sequence[ProjectSnapshot]
    ) -> list[ProjectSnapshot]:
        """Leave out what somebody may not see: a project by its DAG, an environment by its own."""
        ids = {one.project for one in projects}
        ids |= {dag_of(place) for one in projects for place in one.environments}
        readable = self._allowing.readable(person, ids)
        found = []
        for one in projects:
            places = tuple(place for place in one.environments if dag_of(place) in readable)
            if one.project in readable:
                found.append(
                    ProjectSnapshot(project=one.project, environments=places, problem=one.problem)
                )
        return found

    def _rows(self, projects: Iterable[ProjectSnapshot]) -> list[Row]:
        places = [place for one in projects for place in one.environments]
        live = self._watching.live(dag_id for place in places for dag_id in dags_of(place))
        return [
            Row(
                project=one.project,
                cells=tuple(cell(place, live) for place in one.environments),
                problem=one.problem,
            )
            for one in sorted(projects, key=lambda one: one.project)
        ]


def _matches(row: Row, wanted: Wanted) -> bool:
    if wanted.show and not _shows(row, wanted.show):
        return False
    if not wanted.words:
        return True
    text = "\n".join((row.project, *(_text(one) for one in row.cells))).casefold()
    return all(word.casefold() in text for word in wanted.words)


def _shows(row: Row, show: str) -> bool:
    if show == "held":
        return any(one.snapshot.hold or one.snapshot.freeze for one in row.cells)
    return any(one.mood in SHOWS[show][1] for one in row.cells)


def _text(one: Cell) -> str:
    seen = one.snapshot
    words = [seen.environment]
    if seen.serving is not None:
        serving = seen.serving
        words += [serving.version, serving.commit.sha, serving.commit.subject]
        words += [serving.commit.author, serving.asked_by, serving.approved_by]
    words += [word for step in one.steps for word in (step.what, step.by)]
    return "\n".join(words)
