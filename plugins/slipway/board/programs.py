"""What programs are told: the same as people see, as JSON, to whoever may see it.

``fab versions``, ``history``, ``held``, ``audit`` and ``dora`` ask here, from anywhere, with a
token.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from slipway.board.figures import figures_of
from slipway.board.parts import Parts
from slipway.board.people import Missing, NotLoggedIn, visitor
from slipway.exceptions import SlipwayError
from slipway.model.text.inert import visible
from slipway.tasks.board.dora import EXPORTED, MOST_RELEASES, told
from slipway.tasks.board.listing import brakes, deployments, releases

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from slipway.model.board.snapshot import EnvironmentSnapshot, ProjectSnapshot

# How many there are at most in one answer, and where nobody says.
MOST, _USUAL = 500, 20
# Days that figures are of, at most: ten years.
_FURTHEST = 3653.0
# Characters that are told of what went wrong.
_LONGEST = 1000


class Programs:
    """Answers programs' requests about one project.

    :param parts: what the answers are made with.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def about(self, request: Request) -> Response:
        """Answer with what one of the lists has of a project."""
        lists: dict[str, Callable[[ProjectSnapshot, Request], Any]] = {
            "versions": self._versions,
            "history": self._history,
            "held": self._held,
            "audit": self._audit,
            "dora": self._dora,
        }
        make = lists.get(request.path_params["what"])
        try:
            found = await visitor(request)
            if make is None:
                raise Missing
            project = await run_in_threadpool(
                self._parts.project, found.person, request.path_params["project"]
            )
            told = await run_in_threadpool(make, project, request)
        except NotLoggedIn:
            return JSONResponse({"detail": "not logged in"}, status_code=401)
        except Missing:
            detail = "there is nothing of this name that you may see"
            return JSONResponse({"detail": detail}, status_code=404)
        except SlipwayError as error:
            # As where a record was not signed here: whoever may see the project is told what it is.
            return JSONResponse({"detail": visible(str(error), _LONGEST)}, status_code=500)
        return JSONResponse({"project": project.project, request.path_params["what"]: told})

    def _versions(self, project: ProjectSnapshot, request: Request) -> list[dict[str, Any]]:
        records = self._parts.model.releases(project.project, _most(request))
        # As `fab versions` lists them where Airflow is.
        return releases(records, project)

    def _history(self, project: ProjectSnapshot, request: Request) -> list[dict[str, Any]]:
        most, model = _most(request), self._parts.model
        return [
            {
                "environment": one.environment,
                "deployments": deployments(model.history(one.project, one.environment, most)),
            }
            for one in _places(project, request)
        ]

    def _held(self, project: ProjectSnapshot, request: Request) -> list[dict[str, Any]]:
        return [
            brakes(
                one.project,
                one.environment,
                self._parts.model.controls(one.project, one.environment),
            )
            for one in _places(project, request)
        ]

    def _audit(self, project: ProjectSnapshot, _: Request) -> list[dict[str, Any]]:
        places = {one.environment for one in project.environments}
        lines = self._parts.model.audit(project.project, sorted(places))
        # What was said of an environment that somebody may not see is not theirs to read.
        return [one.to_json() for one in lines if one.environment in ("", *places)]

    def _dora(self, project: ProjectSnapshot, request: Request) -> list[dict[str, Any]]:
        model, now, days = self._parts.model, time.time(), _days(request)
        last = model.releases(project.project, MOST_RELEASES)
        return [
            told(one.environment, figures_of(model, one, last, days, now))
            for one in _places(project, request)
        ]


def _days(request: Request) -> float:
    try:
        days = float(request.query_params.get("days", ""))
    except ValueError:
        return EXPORTED
    # What is not a number is not more than nothing.
    return min(days, _FURTHEST) if days > 0 else EXPORTED


def _places(project: ProjectSnapshot, request: Request) -> list[EnvironmentSnapshot]:
    wanted = request.query_params.get("environment", "")
    found = [one for one in project.environments if wanted in ("", one.environment)]
    if wanted and not found:
        raise Missing
    return found


def _most(request: Request) -> int:
    text = request.query_params.get("most", "")
    known = text.isascii() and text.isdecimal() and 0 < len(text) < 6
    return min(max(1, int(text)), MOST) if known else _USUAL
