"""The door at which tasks have Airflow's server note something of their run: ``/slipway/notes``.

The signature is the right, as at the door of webhooks, and it gives no more than this: a line
beside a run that is there. Nobody is told more than whether it was taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from slipway.hooks.airflow_notes import write_note
from slipway.hooks.run_notes import LONGEST, believed
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.webhooks.limits import Gate, TooLarge, TooMany, TooSlow, read_body

if TYPE_CHECKING:
    from starlette.requests import Request

_log = logging.getLogger(__name__)
_STATUSES = {
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooSlow: HTTPStatus.REQUEST_TIMEOUT,
    ClientDisconnect: HTTPStatus.BAD_REQUEST,
}


def make_app(
    write: Callable[[str, str, str], bool] = write_note,
    keys: Callable[[], RecordKeys] = record_keys,
) -> Starlette:
    """Return the application that the plugin mounts.

    :param write: takes DAG, run and note; tells whether there is such a run.
    :param keys: gives the keys that notes are signed with.
    """
    gate = Gate()

    async def note(request: Request) -> Response:
        try:
            with gate.enter(request.client.host if request.client else ""):
                body = await read_body(request.headers.get("content-length"), request.stream())
                status = await run_in_threadpool(_take, body, write, keys)
        except tuple(_STATUSES) as error:
            status = _STATUSES[type(error)]
        return Response(status_code=status)

    return Starlette(routes=[Route("/", note, methods=["POST"])])


def _take(
    body: bytes, write: Callable[[str, str, str], bool], keys: Callable[[], RecordKeys]
) -> HTTPStatus:
    try:
        said = believed(keys(), body)
        if said is None:
            return HTTPStatus.UNAUTHORIZED
        dag_id, run_id, text = said
        there = len(text) <= LONGEST and write(dag_id, run_id, text)
    except Exception as error:
        _log.warning("no note can be written: %s: %.200s", type(error).__name__, error)
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.NO_CONTENT if there else HTTPStatus.NOT_FOUND
