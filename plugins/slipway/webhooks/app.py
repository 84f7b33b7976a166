"""The receiver: ``POST /slipway/hooks/<project>``, for a git host that tells of a push.

Nobody is logged in here; the signature is the right, and it gives no more than to have a repository
looked at, which the watcher does anyway. Nothing of a request is read before it is known not to be
too much, nothing parsed before its signature was checked, and whoever has no secret gets the same
answer whatever the project's name.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from slipway.exceptions import HookMalformed, HookRefused
from slipway.hooks.airflow_runs import AirflowRuns
from slipway.metrics.catalogue import HOOK_ANSWERS
from slipway.metrics.emit import count
from slipway.model.text.inert import visible
from slipway.webhooks.announcement import Announcement, Ignored
from slipway.webhooks.host import host_of
from slipway.webhooks.limits import LARGEST, Gate, TooLarge, TooMany, TooSlow, read_body
from slipway.webhooks.look import Look, Looker, look_at
from slipway.webhooks.projects import Projects

_log = logging.getLogger(__name__)
_JSON = "application/json"
# Refs that the log names.
_MOST_NAMED = 5

_Answer = tuple[HTTPStatus, str]
_REFUSED: _Answer = (HTTPStatus.UNAUTHORIZED, "not signed with a secret that is known here")


class Receiver:
    """Answers deliveries.

    :param projects: which there are, and what their hooks are signed with.
    :param looker: looks at repositories afterwards.
    :param gate: lets requests in.
    """

    def __init__(self, *, projects: Projects, looker: Looker, gate: Gate) -> None:
        self._projects = projects
        self._looker = looker
        self._gate = gate

    async def receive(self, project: str, request: Request) -> JSONResponse:
        """Answer one delivery.

        :param project: its name, as the URL has it.
        :param request: whose body nobody has read.
        """
        try:
            with self._gate.enter(request.client.host if request.client else ""):
                status, said = await self._answer(project, request)
        except TooMany:
            status, said = HTTPStatus.TOO_MANY_REQUESTS, "too many requests; come again later"
        # Not by project: whoever knocks may name as many as he likes.
        count(HOOK_ANSWERS, status=str(status.value))
        headers = {"Retry-After": "10"} if status is HTTPStatus.TOO_MANY_REQUESTS else {}
        return JSONResponse({"answer": said}, status_code=status, headers=headers)

    async def _answer(self, project: str, request: Request) -> _Answer:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON:
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"let the host send {_JSON}"
        try:
            body = await read_body(request.headers.get("content-length"), request.stream())
        except TooLarge:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {LARGEST} bytes are not read"
        except TooSlow:
            return HTTPStatus.REQUEST_TIMEOUT, "the payload did not come in time"
        except ClientDisconnect:
            return HTTPStatus.BAD_REQUEST, "the payload did not come to its end"
        return await run_in_threadpool(self._take, project, _headers(request), body)

    def _take(self, project: str, headers: Mapping[str, str], body: bytes) -> _Answer:
        try:
            found = self._projects.find(project)
        except Exception as error:
            # No host need know why, and no log what it sent.
            _log.warning("hooks cannot be checked: %s: %.200s", type(error).__name__, error)
            return HTTPStatus.SERVICE_UNAVAILABLE, "hooks cannot be checked now"
        host = host_of(headers)
        try:
            said = host.parse(headers, body, found.secrets)
        except HookRefused:
            return _REFUSED
        except HookMalformed as error:
            return HTTPStatus.BAD_REQUEST, f"{error.message}; {error.advice}"
        if isinstance(said, Ignored) or found.repository is None:
            return HTTPStatus.OK, said.reason if isinstance(said, Ignored) else "nothing to look at"
        _log.info("%s: %s tells of %s", project, host.name, _told(said))
        self._looker.ask(Look(project=project, repository=found.repository, host=host.name))
        return HTTPStatus.ACCEPTED, f"looking at the repository of {project}"


def _headers(request: Request) -> dict[str, str]:
    """Return headers by their names in small letters; what is there twice is one with a comma."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _told(said: tuple[Announcement, ...]) -> str:
    parts = []
    for one in said:
        named = [visible(ref, 80) for ref in one.refs[:_MOST_NAMED]]
        more = len(one.refs) - len(named)
        refs = ", ".join(named) + (f" and {more} more" if more else "")
        parts.append(f"{one.kind}: {refs or 'no ref by name'}")
    return "; ".join(parts)


def make_app(receiver: Receiver | None = None) -> FastAPI:
    """Return the application that the plugin mounts at ``/slipway/hooks``.

    :param receiver: answers; the one of this Airflow by default.
    """
    if receiver is None:
        runs = AirflowRuns()
        looker = Looker(partial(look_at, runs=runs))
        receiver = Receiver(projects=Projects(runs), looker=looker, gate=Gate())
    # No pages of its own: what there is to know of it stands in docs/webhooks.md.
    app = FastAPI(title="Slipway's webhooks", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_api_route("/{project}", receiver.receive, methods=["POST"], response_model=None)
    return app
