"""The host as one web application: its API and its pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse

from include.localforge.api import Api
from include.localforge.page import Pages
from include.localforge.state import ForgeHome

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

# Segments of a path that are folders of others: none of them names a workspace or a repository.
_OUT = re.compile(r"(^|/)\.{1,2}(/|$)|[\0\\]")


class NoWayOut:
    """Refuses paths that lead out of the folder of repositories.

    :param app: answers the others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and _OUT.search(scope["path"]):
            await PlainTextResponse("Not found", status_code=404)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def make_app(home: ForgeHome) -> Starlette:
    """Return the host's web application.

    :param home: what it knows; its token is read once.
    """
    token = home.token_file.read_text().strip()
    # No page of a browser reaches it under a name of its own.
    guards = [Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1"]), Middleware(NoWayOut)]
    routes = [*Api(home, token).routes(), *Pages(home).routes()]
    return Starlette(routes=routes, middleware=guards)
