"""GetConsoleOutput answers what a machine said, where moto tells the same tale of every one.

It is asked of Docker, which nobody waits for while holding the cloud's lock: so it is answered
before moto is asked at all.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from include.localcloud.api.browser_guard import Application
from include.localcloud.api.idempotency import read_form
from include.localcloud.state import CloudState

# Bytes; in AWS it is the end of the output as well.
_MOST = 65536


def with_consoles(
    application: Application, *, state: CloudState, console: Callable[[str], bytes]
) -> Application:
    """Return the application, with consoles.

    :param application: answers all else, and for machines that there are not.
    :param state: knows the instances.
    :param console: returns what a machine has said, by its instance id.
    """

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        form = read_form(environ)
        name = form.get("InstanceId", "")
        if form.get("Action") != "GetConsoleOutput" or not _is_there(state, name):
            return application(environ, start_response)
        output = base64.b64encode(console(name)[-_MOST:]).decode()
        start_response("200 OK", [("Content-Type", "text/xml; charset=utf-8")])
        return [_written(name, output)]

    return answer


def _is_there(state: CloudState, name: str) -> bool:
    with state.lock:
        return any(one.id == name for one in state.instances())


def _written(name: str, output: str) -> bytes:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return (
        '<GetConsoleOutputResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
        f"<requestId>slipway</requestId><instanceId>{escape(name)}</instanceId>"
        f"<timestamp>{now}</timestamp><output>{output}</output></GetConsoleOutputResponse>\n"
    ).encode()
