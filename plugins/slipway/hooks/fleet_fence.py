"""Asks whose turn it is once more before a change is sent again.

botocore repeats a request by itself when the answer stays away or the API throttles: a dozen times
within some minutes, long enough for somebody else to take over. What was asked before the first
try is no longer true then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# Emitted for each try, and what is raised in it ends the call.
_EVENT, _ID = "request-created", "slipway-fence"
_READING = ("Describe", "Get", "List")


def fenced(client: Any, fence: Callable[[], None]) -> Any:
    """Return the client, whose second and later tries of a change ask first.

    :param client: a boto3 client; the fence that it was given before no longer counts.
    :param fence: raises when it is somebody else's turn.
    """

    def ask(request: Any, operation_name: str, **_: Any) -> None:
        again = request.context.get("retries", {}).get("attempt", 1) > 1
        if again and not operation_name.startswith(_READING):
            fence()

    events = client.meta.events
    events.unregister(_EVENT, unique_id=_ID)
    events.register(_EVENT, ask, unique_id=_ID)
    return client
