"""The pages: ``/slipway/board``, for whoever is logged in to Airflow.

Whatever somebody may not see is answered like what is not there. Looking changes nothing: whatever
does is a form that is sent from our own page, by the person it was made for.
"""

from __future__ import annotations

import logging
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from slipway.board.forms import Forms
from slipway.board.looking import Looking
from slipway.board.page import FOLDER, Headers, page
from slipway.board.parts import Parts
from slipway.board.people import Missing, NotLoggedIn, to_login
from slipway.board.programs import Programs
from slipway.board.sending import Sending
from slipway.exceptions import SlipwayError
from slipway.hooks.airflow_orders import Orders
from slipway.hooks.airflow_people import People, person_of, server_key
from slipway.hooks.airflow_progress import Progress

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_log = logging.getLogger(__name__)
_NOT_HERE = SlipwayError("there is nothing here, or nothing that you may see")
_UNKNOWN = SlipwayError(
    "this page cannot be made now", advice="the log of Airflow's server says why; try again"
)


def make_app(parts: Parts | None = None) -> Headers:
    """Return the application.

    :param parts: what pages are made with; Airflow's database and the artifact store otherwise.
    """
    made = parts or _parts()
    looking, programs, sending = Looking(made), Programs(made), Sending(made)
    action = "/e/{project}/{environment}/{action}"
    app = Starlette(
        routes=[
            Route("/", looking.board, methods=["GET"]),
            Route("/status.json", looking.status, methods=["GET"]),
            Route("/p/{project}/{what}.json", programs.about, methods=["GET"]),
            Route("/e/{project}/{environment}", looking.environment, methods=["GET"]),
            Route(action, sending.form, methods=["GET"]),
            Route(action, sending.send, methods=["POST"]),
            Route("/d/{project}/{environment}", looking.figures, methods=["GET"]),
            Route("/r/{project}/{version}", looking.release, methods=["GET"]),
            Mount("/static", StaticFiles(directory=FOLDER / "static")),
        ],
        exception_handlers={
            NotLoggedIn: to_login,
            Missing: _missing,
            404: _missing,
            SlipwayError: _problem,
            Exception: _failed,
        },
    )
    # Outside of everything, so that no answer goes without.
    return Headers(app)


def _parts() -> Parts:
    from slipway.board.stores import Stores

    return Parts(
        model=Stores(),
        watching=Progress(),
        allowing=People(),
        ordering=Orders(),
        forms=Forms(partial(server_key, "board forms")),
    )


async def _missing(request: Request, _: Exception) -> Response:
    return await _said(request, _NOT_HERE, HTTPStatus.NOT_FOUND)


async def _problem(request: Request, error: Exception) -> Response:
    _log.warning("%s: %s", request.url.path, error)
    return await _said(request, error, HTTPStatus.SERVICE_UNAVAILABLE)


async def _failed(request: Request, _: Exception) -> Response:
    """Say no more than that; the server's log has the rest."""
    return await _said(request, _UNKNOWN, HTTPStatus.INTERNAL_SERVER_ERROR)


async def _said(request: Request, error: Exception, status: HTTPStatus) -> Response:
    person = await person_of(request)
    if person is None:
        return await to_login(request, error)
    title = "Nothing here" if status is HTTPStatus.NOT_FOUND else "Not now"
    return page(
        request, "problem", status=status, person=person, cell=None, problem=error, title=title
    )
