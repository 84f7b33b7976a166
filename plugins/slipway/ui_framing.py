"""No foreign page shows Airflow inside itself.

Who is logged in would answer a question without seeing it: the page lays something else over the
button (clickjacking). Pages of the server's own address may, as Airflow does with a plugin's view.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = (b"content-security-policy", b"frame-ancestors 'self'")
_OLDER = (b"x-frame-options", b"SAMEORIGIN")


class OwnFrames:
    """An application whose answers say that only pages beside them may frame them.

    What an answer says itself stays: of several policies a browser keeps to each. Of the older
    header it takes one, so that is added only where there is none.

    :param app: the application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or a websocket."""

        async def framed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ()), _POLICY]
                if not any(name.lower() == _OLDER[0] for name, _ in headers):
                    headers.append(_OLDER)
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, framed)
