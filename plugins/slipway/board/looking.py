"""Pages that are only looked at."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from slipway.board.board import SHOWS, Wanted
from slipway.board.cells import CONTROLS, dag_of
from slipway.board.environment import environment_view, rights_of
from slipway.board.figures import WINDOWS, figures_view
from slipway.board.page import page
from slipway.board.parts import Parts
from slipway.board.people import Missing, NotLoggedIn, visitor
from slipway.board.release import release_view
from slipway.hooks.airflow_people import Person

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

# Characters and words of a search that are looked at.
_LONGEST_SEARCH, _MOST_WORDS = 200, 8


class Looking:
    """Answers requests for pages.

    :param parts: what they are made with.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def board(self, request: Request) -> Response:
        """Answer with the first page."""
        found = await visitor(request)
        return await run_in_threadpool(self._board, request, found.person)

    async def status(self, request: Request) -> Response:
        """Answer programs with what the first page shows (`fab status`)."""
        try:
            found = await visitor(request)
        except NotLoggedIn:
            return JSONResponse({"detail": "not logged in"}, status_code=401)
        return await run_in_threadpool(self._status, found.person)

    async def environment(self, request: Request) -> Response:
        """Answer with an environment's page."""
        found = await visitor(request)
        return await run_in_threadpool(self._environment, request, found.person)

    async def figures(self, request: Request) -> Response:
        """Answer with the figures of an environment."""
        found = await visitor(request)
        return await run_in_threadpool(self._figures, request, found.person)

    async def release(self, request: Request) -> Response:
        """Answer with a release's page."""
        found = await visitor(request)
        return await run_in_threadpool(self._release, request, found.person)

    def _board(self, request: Request, person: Person) -> Response:
        query = request.query_params
        search, show = query.get("q", "")[:_LONGEST_SEARCH], query.get("show", "")
        wall = query.get("wall") == "1"
        wanted = Wanted(
            words=tuple(search.split()[:_MOST_WORDS]),
            show=show if show in SHOWS else "",
            page=_number(query.get("page", "")),
            urgent_first=wall,
        )
        return page(
            request,
            "board",
            view=self._parts.board.view(person, wanted),
            person=person,
            shows=SHOWS,
            search=search,
            show=wanted.show,
            wall=wall,
            maintenance=self._parts.watching.maintenance(),
        )

    def _status(self, person: Person) -> Response:
        return JSONResponse({"projects": self._parts.board.status(person)})

    def _environment(self, request: Request, person: Person) -> Response:
        project, environment = _names(request)
        cell = self._parts.cell(person, project, environment)
        rights = rights_of(self._parts.allowing, self._parts.watching, person, cell)
        number = _number(request.query_params.get("page", ""))
        run_id = request.query_params.get("run", "")
        dag_id = CONTROLS if request.query_params.get("of") == CONTROLS else dag_of(cell.snapshot)
        return page(
            request,
            "environment",
            view=environment_view(self._parts.model, cell, rights, number),
            person=person,
            asked_for=self._asked_for(person, dag_id, run_id),
        )

    def _asked_for(self, person: Person, dag_id: str, run_id: str) -> dict[str, str]:
        """Say what became of the run that somebody has just started."""
        found = {"dag_id": dag_id, "run_id": run_id, "state": "", "why": ""}
        if run_id:
            found["state"] = self._parts.watching.state(dag_id, run_id)
        if found["state"] == "failed" and self._parts.allowing.may_read_logs(person, dag_id):
            found["why"] = self._parts.watching.why(dag_id, run_id)
        return found

    def _figures(self, request: Request, person: Person) -> Response:
        cell = self._parts.cell(person, *_names(request))
        days = _number(request.query_params.get("days", ""))
        view = figures_view(self._parts.model, cell, days, time.time())
        return page(request, "figures", view=view, person=person, windows=WINDOWS)

    def _release(self, request: Request, person: Person) -> Response:
        project = self._parts.project(person, request.path_params["project"])
        record = self._parts.model.release(project.project, request.path_params["version"])
        if record is None:
            raise Missing
        view = release_view(self._parts.model, self._parts.watching, project, record)
        return page(request, "release", view=view, person=person)


def _names(request: Request) -> tuple[str, str]:
    params: dict[str, Any] = request.path_params
    return params["project"], params["environment"]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 6 else 1
