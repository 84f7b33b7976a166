"""Who looks at a page, in which browser; and what they are told where there is nothing for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, RedirectResponse, Response

from slipway.board.forms import is_session, new_session
from slipway.board.links import Links
from slipway.board.page import PART, links_of
from slipway.hooks.airflow_people import Person, person_of

if TYPE_CHECKING:
    from starlette.requests import Request

_SESSION = "slipway_board"
_MONTH = 30 * 86400


class NotLoggedIn(Exception):
    """Nobody asks."""


class Missing(Exception):
    """There is no such page for whoever asks, and they are not told which of the two it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Somebody at a browser.

    :param person: who is logged in.
    :param session: of the browser; one of its own for each visitor until they come again with it.
    :param is_new: the browser has not been told of its session.
    """

    person: Person
    session: str
    is_new: bool

    def remember(self, request: Request, response: Response) -> Response:
        """Tell the browser of its session, along with an answer."""
        if self.is_new:
            response.set_cookie(
                _SESSION,
                self.session,
                max_age=_MONTH,
                path=links_of(request).board or "/",
                httponly=True,
                secure=request.url.scheme == "https",
                samesite="lax",
            )
        return response


async def visitor(request: Request) -> Visitor:
    """Return who asks.

    :param request: that is answered.
    :raises NotLoggedIn: when nobody is logged in.
    """
    person = await person_of(request)
    if person is None:
        raise NotLoggedIn
    session = request.cookies.get(_SESSION, "")
    known = is_session(session)
    return Visitor(person=person, session=session if known else new_session(), is_new=not known)


async def to_login(request: Request, _: Exception) -> Response:
    """Lead a person to Airflow's login, and a script nowhere."""
    links: Links = links_of(request)
    if request.method != "GET" or request.headers.get(PART):
        return JSONResponse({"answer": "not logged in"}, status_code=401)
    # 303, not 307: whatever was asked for, a login is only looked at.
    return RedirectResponse(links.login(str(request.url)), status_code=303)
