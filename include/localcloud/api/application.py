"""The AWS API as a WSGI application: moto behind one lock, waking the reconciler."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from include.localcloud.api.idempotency import Answer, Tokens, collect, read_form
from include.localcloud.api.services import application_of
from include.localcloud.state import CloudState

StartResponse = Callable[..., Any]
_READING = ("Describe", "Get", "List")


class CloudApplication:
    """Answers one request at a time.

    :param state: its lock is held for each request, its event set after each that changed things.
    :param moto: the application to ask; moto's own unless a test brings another.
    """

    def __init__(
        self, *, state: CloudState, moto: Callable[..., Iterable[bytes]] | None = None
    ) -> None:
        self._state = state
        self._tokens = Tokens()
        self._moto = moto or DomainDispatcherApplication(application_of)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
        """Answer a request."""
        form = read_form(environ)
        with self._state.lock:
            answer = self._tokens.recall(form) or self._ask(environ, form)
        if not _only_reads(environ, form):
            self._state.wake.set()
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _ask(self, environ: dict[str, Any], form: dict[str, str]) -> Answer:
        head: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> None:
            head[:] = [status, headers]

        body = collect(self._moto(environ, start))
        answer = Answer(head[0], head[1], body)
        self._tokens.remember(form, answer)
        return answer


def _only_reads(environ: dict[str, Any], form: dict[str, str]) -> bool:
    """Say whether a request changes nothing that the world has to follow."""
    # Of the query protocol the form names the action, of the JSON protocols a header.
    action = form.get("Action") or environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return environ["REQUEST_METHOD"] in ("GET", "HEAD") or action.startswith(_READING)
