"""Asks a service over HTTP, from within its own container.

This file is sent into the container as it is, and runs there with whatever Python 3.9 or later the
container has; nothing of Slipway is beside it. What to ask is JSON, and so are the answers.
"""

from __future__ import annotations

import http.client
import json
import socket
import sys
from typing import Any

# Bytes of an answer's body that are told.
_SAID = 300


def ask(port: int, timeout: float, questions: list[list[str]]) -> list[dict[str, Any]]:
    """Ask the service, one question after the other.

    :param port: of this machine's loopback.
    :param timeout: seconds for each.
    :param questions: method, path and body of each.
    :returns: ``status``, 0 where no answer came, and what was ``said``.
    """
    own = socket.gethostbyname(socket.gethostname())
    return [_ask_one(own, port, timeout, *one) for one in questions]


def _ask_one(
    host: str, port: int, timeout: float, method: str, path: str, body: str
) -> dict[str, Any]:
    headers = {"Connection": "close"}
    if body:
        form = "application/x-www-form-urlencoded"
        headers["Content-Type"] = "application/json" if body[0] in "{[" else form
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path, body.encode() or None, headers)
        answer = connection.getresponse()
        said = answer.read(_SAID).decode(errors="replace")
        return {"status": answer.status, "said": said}
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "said": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()


def main(told: str) -> None:
    """Print the answers to what JSON asks: ``port``, ``timeout``, ``questions``."""
    wanted = json.loads(told)
    print(json.dumps(ask(wanted["port"], wanted["timeout"], wanted["questions"])))


if __name__ == "__main__":
    main(sys.argv[1])
