"""The calls of Bitbucket Cloud's REST API that Slipway makes, below ``/2.0/repositories``.

What Bitbucket refuses is refused here as well: an unknown commit, a key of more than 40 characters,
a state that it does not have.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from secrets import compare_digest
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from include.localforge import git, post_receive
from include.localforge.pull_requests import current
from include.localforge.state import ForgeHome, Json

if TYPE_CHECKING:
    from starlette.requests import Request

STATES = ("INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED")
LONGEST_KEY, LONGEST_TEXT = 40, 255
# Bytes of a request, and annotations that one of them may hold.
_LARGEST, _MOST_ANNOTATIONS = 1 << 20, 100
_Answer = tuple[HTTPStatus, Any]


class Refused(Exception):
    """The API does not take it.

    :param status: of HTTP.
    :param message: why, as the answer says.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """The API of one host.

    :param home: what it knows.
    :param token: the only one that is let in.
    """

    def __init__(self, home: ForgeHome, token: str) -> None:
        self._home = home
        self._token = token
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        """Return what it answers, by path."""
        root = "/2.0/repositories/{workspace}/{name}"
        commit = f"{root}/commit/{{sha}}"
        found: dict[str, tuple[str, Callable[[Request, Any], _Answer]]] = {
            f"{commit}/statuses": ("GET", self._list_statuses),
            f"{commit}/statuses/build": ("POST", self._add_status),
            f"{commit}/reports/{{id}}": ("PUT DELETE", self._set_report),
            f"{commit}/reports/{{id}}/annotations": ("POST", self._annotate),
            f"{root}/hooks": ("GET POST", self._hooks),
            f"{root}/hooks/{{id}}": ("PUT DELETE", self._hook),
            f"{root}/pullrequests": ("GET", self._pull_requests),
            f"{root}/pullrequests/{{id}}": ("GET", self._pull_request),
        }
        return [
            Route(path, self._answering(action), methods=methods.split())
            for path, (methods, action) in found.items()
        ]

    def _answering(self, action: Callable[[Request, Any], _Answer]) -> Any:
        async def answer(request: Request) -> Response:
            try:
                self._let_in(request)
                body = await _body(request)
                status, said = await run_in_threadpool(self._alone, action, request, body)
            except Refused as error:
                said = {"type": "error", "error": {"message": str(error)}}
                status = error.status
            if said is None:
                return Response(status_code=status)
            return JSONResponse(said, status_code=status)

        return answer

    def _let_in(self, request: Request) -> None:
        shown = request.headers.get("authorization", "")
        if not compare_digest(shown.encode(), f"Bearer {self._token}".encode()):
            raise Refused(HTTPStatus.UNAUTHORIZED, "Token is invalid, expired, or not supported.")
        if not self._home.bare(_repository(request)).is_dir():
            raise Refused(HTTPStatus.NOT_FOUND, f"Repository {_repository(request)} not found")

    def _alone(
        self, action: Callable[[Request, Any], _Answer], request: Request, body: Any
    ) -> _Answer:
        with self._lock:
            return action(request, body)

    def _sha(self, request: Request) -> str:
        sha = str(request.path_params["sha"])
        bare = self._home.bare(_repository(request))
        if not git.SHA.fullmatch(sha) or git.commit(bare, sha) is None:
            raise Refused(HTTPStatus.NOT_FOUND, "Commit not found")
        return sha

    def _list_statuses(self, request: Request, _: Any) -> _Answer:
        found = self._home.statuses(_repository(request), self._sha(request))
        return HTTPStatus.OK, {"values": found, "pagelen": len(found), "page": 1}

    def _add_status(self, request: Request, body: Any) -> _Answer:
        sha, wrong = self._sha(request), _wrong_status(body)
        if wrong:
            raise Refused(HTTPStatus.BAD_REQUEST, wrong)
        known = ("key", "name", "state", "description", "url", "refname")
        status = {name: body[name] for name in known if isinstance(body.get(name), str)}
        fact = {"repository": _repository(request), "sha": sha, "status": status}
        self._home.add("statuses", {**fact, "at": time.time()})
        return HTTPStatus.CREATED, status

    def _set_report(self, request: Request, body: Any) -> _Answer:
        sha, found = self._sha(request), str(request.path_params["id"])
        if request.method == "DELETE":
            if found not in self._home.reports(_repository(request), sha):
                raise Refused(HTTPStatus.NOT_FOUND, "Report not found")
            self._keep_report(request, sha, None)
            return HTTPStatus.NO_CONTENT, None
        if not isinstance(body, dict) or not isinstance(body.get("title"), str):
            raise Refused(HTTPStatus.BAD_REQUEST, "title: this field is required")
        self._keep_report(request, sha, {**body, "annotations": []})
        return HTTPStatus.OK, body

    def _annotate(self, request: Request, body: Any) -> _Answer:
        sha = self._sha(request)
        report = self._home.reports(_repository(request), sha).get(request.path_params["id"])
        if report is None:
            raise Refused(HTTPStatus.NOT_FOUND, "Report not found")
        if not isinstance(body, list) or len(body) > _MOST_ANNOTATIONS:
            raise Refused(HTTPStatus.BAD_REQUEST, f"at most {_MOST_ANNOTATIONS} annotations")
        found = [*report["annotations"], *(one for one in body if isinstance(one, dict))]
        self._keep_report(request, sha, {**report, "annotations": found})
        return HTTPStatus.OK, body

    def _keep_report(self, request: Request, sha: str, report: Json | None) -> None:
        about = {"repository": _repository(request), "sha": sha, "id": request.path_params["id"]}
        self._home.add("reports", {**about, "report": report})

    def _hooks(self, request: Request, body: Any) -> _Answer:
        repository = _repository(request)
        hooks = self._home.hooks(repository)
        if request.method == "GET":
            return HTTPStatus.OK, {"values": [_shown(*one) for one in hooks.items()]}
        # A repository that somebody just put there tells of its pushes from now on.
        post_receive.install(self._home, repository)
        hook_id = f"{{{uuid.uuid4()}}}"
        self._home.set_hooks(repository, {**hooks, hook_id: _hook(body, "")})
        return HTTPStatus.CREATED, _shown(hook_id, self._home.hooks(repository)[hook_id])

    def _hook(self, request: Request, body: Any) -> _Answer:
        repository, hook_id = _repository(request), str(request.path_params["id"])
        hooks = self._home.hooks(repository)
        if hook_id not in hooks:
            raise Refused(HTTPStatus.NOT_FOUND, "Webhook not found")
        before = hooks.pop(hook_id)
        if request.method == "DELETE":
            self._home.set_hooks(repository, hooks)
            return HTTPStatus.NO_CONTENT, None
        hooks[hook_id] = _hook(body, before["secret"])
        self._home.set_hooks(repository, hooks)
        return HTTPStatus.OK, _shown(hook_id, hooks[hook_id])

    def _pull_requests(self, request: Request, _: Any) -> _Answer:
        state = request.query_params.get("state", "OPEN")
        known = current(self._home, _repository(request))
        found = [one for one in known if one["state"] == state]
        size, page = (_number(request, *one) for one in (("pagelen", 10), ("page", 1)))
        shown = found[(page - 1) * size : page * size]
        following = {"next": str(request.url.include_query_params(page=page + 1))}
        more = following if page * size < len(found) else {}
        return HTTPStatus.OK, {"values": shown, "page": page, "pagelen": size, **more}

    def _pull_request(self, request: Request, _: Any) -> _Answer:
        for one in current(self._home, _repository(request)):
            if str(one["id"]) == request.path_params["id"]:
                return HTTPStatus.OK, one
        raise Refused(HTTPStatus.NOT_FOUND, "Pull request not found")


def _number(request: Request, name: str, usual: int) -> int:
    given = request.query_params.get(name, str(usual))
    if not given.isdecimal() or not 0 < len(given) < 6 or int(given) == 0:
        raise Refused(HTTPStatus.BAD_REQUEST, f"{name}: not a number of a page")
    return int(given)


def _repository(request: Request) -> str:
    return f"{request.path_params['workspace']}/{request.path_params['name']}"


async def _body(request: Request) -> Any:
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > _LARGEST:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is too large")
    try:
        return json.loads(data) if data else None
    except ValueError as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "the request is no JSON") from error


def _wrong_status(body: Any) -> str:
    """Say what is wrong with a status; nothing where nothing is."""
    if not isinstance(body, dict) or not all(
        isinstance(body.get(name), str) and body[name] for name in ("key", "state", "url")
    ):
        return "key, state and url are required"
    if len(body["key"]) > LONGEST_KEY:
        return f"key: Ensure this value has at most {LONGEST_KEY} characters"
    if body["state"] not in STATES:
        return "state: not a build state"
    if not body["url"].startswith(("http://", "https://")):
        return "url: Enter a valid URL."
    if len(str(body.get("description", ""))) > LONGEST_TEXT:
        return f"description: Ensure this value has at most {LONGEST_TEXT} characters"
    return ""


def _hook(body: Any, secret: str) -> Json:
    """Return a webhook as it is kept; one that names no secret keeps what it had."""
    if not isinstance(body, dict) or not str(body.get("url", "")).startswith(("http:", "https:")):
        raise Refused(HTTPStatus.BAD_REQUEST, "url: Enter a valid URL.")
    return {
        "url": body["url"],
        "description": str(body.get("description", "")),
        "active": body.get("active") is True,
        "events": [str(one) for one in body.get("events") or []],
        "secret": str(body.get("secret", secret) or ""),
    }


def _shown(hook_id: str, hook: Json) -> Json:
    """Return a webhook as the API shows it: without its secret, which it says there is."""
    shown = {name: value for name, value in hook.items() if name != "secret"}
    known = {"uuid": hook_id, "type": "webhook_subscription"}
    return {**known, **shown, "secret_set": bool(hook["secret"])}
