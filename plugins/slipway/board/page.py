"""How pages are made of templates, and what is sent along with each."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from slipway.board import words
from slipway.board.links import Links

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER = Path(__file__).parent
# Where Airflow's server mounts the pages (:mod:`slipway.plugin`).
PREFIX = "/slipway/board"
# A page's script asks for this part alone, so that what is read and typed stays where it is.
PART = "x-slipway-part"

# Nothing but our own files: no script, style, font or image that is written into a page.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
    )
)
_HEADERS = {
    b"content-security-policy": _POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    # Not `no-referrer`: with it browsers hide from us where a form was sent from.
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}


class Headers:
    """An application whose answers do nothing in a browser but what the pages need.

    :param app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [*message.get("headers", ()), *_HEADERS.items()]
                if not any(name.lower() == b"cache-control" for name, _ in own):
                    own.append((b"cache-control", b"no-store"))
                message = {**message, "headers": own}
            await send(message)

        await self._app(scope, receive, strict)


def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=words.shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "moment": words.moment,
        "length_of": words.length,
        "day": words.day,
        "step": words.step_name,
    }
    return found


_TEMPLATES = _templates()


def links_of(request: Request) -> Links:
    """Return where pages are, as a request reached them."""
    board = str(request.scope.get("root_path", "")).rstrip("/")
    return Links(board=board, airflow=board.removesuffix(PREFIX))


def page(
    request: Request, template: str, *, status: HTTPStatus = HTTPStatus.OK, **values: Any
) -> Response:
    """Return a page; only its living part where its script asks for that.

    :param request: that is answered.
    :param template: its name, without ``.html``.
    :param status: of the answer.
    :param values: that the template shows.
    """
    links = links_of(request)
    made = _TEMPLATES.get_template(f"{template}.html")
    context = {"links": links, "request_path": str(request.url.path), **values}
    living = "".join(made.blocks["live"](made.new_context(context)))
    tag = f'"{hashlib.sha256(living.encode()).hexdigest()[:32]}"'
    # `no-store` would keep a browser from comparing; nothing is kept by anybody in between.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": f"Cookie, {PART}"}
    if request.headers.get(PART):
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return HTMLResponse(living, status_code=int(status), headers=headers)
    whole = made.render({**context, "living": tag})
    return HTMLResponse(whole, status_code=int(status), headers={"Cache-Control": "no-store"})
