"""Pages with a form, and what is done when one is sent."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from slipway.board import actions
from slipway.board.actions import CONTROL, STARTS, Action
from slipway.board.body import read_form
from slipway.board.cells import CONTROLS, Cell, dag_of
from slipway.board.environment import Rights, rights_of
from slipway.board.forms import Filled, is_own_page
from slipway.board.page import links_of, page
from slipway.board.parts import Parts
from slipway.board.people import Missing, Visitor, visitor
from slipway.exceptions import OrderRefused
from slipway.hooks.airflow_people import base_url
from slipway.model.board.deployment import CommitLine
from slipway.model.edition import SAME

if TYPE_CHECKING:
    from starlette.requests import Request

_NOT_OURS = OrderRefused(
    "the form did not come from a page that this board made for you, in this browser, today",
    advice="open it again from the board, and send it from there",
)
_NO_FORM = OrderRefused("what was sent is no form", advice="send one from the board")


class Sending:
    """Answers requests for forms, and forms.

    :param parts: what they are made with.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def form(self, request: Request) -> Response:
        """Answer with the page of one action."""
        found, action = await visitor(request), _action(request)
        response = await run_in_threadpool(self._form, request, found, action)
        return found.remember(request, response)

    async def send(self, request: Request) -> Response:
        """Do what somebody asks for in a form, if it is ours."""
        found, action = await visitor(request), _action(request)
        fields = await read_form(request)
        return await run_in_threadpool(self._send, request, found, action, fields)

    def _form(self, request: Request, found: Visitor, action: Action) -> Response:
        cell = self._cell(request, found)
        rights = self._rights(found, cell)
        try:
            shown = self._shown(request, action, cell)
        except OrderRefused as refused:
            return _refused(request, found, cell, refused, HTTPStatus.CONFLICT)
        return page(
            request,
            _template(action),
            cell=cell,
            rights=rights,
            person=found.person,
            action=action,
            token=self._parts.forms.token(found.person, found.session, _purpose(action, cell)),
            **shown,
        )

    def _shown(self, request: Request, action: Action, cell: Cell) -> dict[str, Any]:
        if action is Action.APPROVE:
            return {"asked": actions.asked(self._parts.model, cell, _query(request, "run"))}
        if action is Action.CANCEL:
            waits = actions.set_for_later(cell, _query(request, "run"))
            return {"version": "", "commit": None, "waits": waits}
        if action in (Action.HOLD, Action.RESUME):
            return {"version": "", "commit": None}
        return self._choice(cell, action, _query(request, "version"))

    def _choice(self, cell: Cell, action: Action, version: str) -> dict[str, Any]:
        seen = cell.snapshot
        known = self._parts.ordering.params(dag_of(seen))
        same = action is Action.DEPLOY and version == SAME
        record = self._parts.model.release(seen.project, version)
        if record is None and not same:
            raise Missing
        return {
            "version": version,
            "commit": CommitLine.of(record.checkout) if record else None,
            "asks_why": actions.OVERRIDE_FREEZE in known,
            "asks_when": action is Action.DEPLOY and actions.AT in known,
        }

    def _send(
        self,
        request: Request,
        found: Visitor,
        action: Action,
        fields: Mapping[str, str] | None,
    ) -> Response:
        cell = self._cell(request, found)
        try:
            filled = self._ours(request, found, _purpose(action, cell), fields)
        except OrderRefused as refused:
            return _refused(request, found, cell, refused, HTTPStatus.FORBIDDEN)
        rights = self._rights(found, cell)
        if refused_by := _not_allowed(action, rights, cell):
            return _refused(request, found, cell, refused_by, HTTPStatus.FORBIDDEN)
        try:
            query = self._do(action, found, cell, filled, fields or {})
        except OrderRefused as refused:
            return _refused(request, found, cell, refused, HTTPStatus.CONFLICT)
        seen = cell.snapshot
        there = links_of(request).environment(seen.project, seen.environment, **query)
        return RedirectResponse(there, status_code=303)

    def _rights(self, found: Visitor, cell: Cell) -> Rights:
        return rights_of(self._parts.allowing, self._parts.watching, found.person, cell)

    def _cell(self, request: Request, found: Visitor) -> Cell:
        params = request.path_params
        return self._parts.cell(found.person, params["project"], params["environment"])

    def _ours(
        self,
        request: Request,
        found: Visitor,
        purpose: str,
        fields: Mapping[str, str] | None,
    ) -> Filled:
        if fields is None:
            raise _NO_FORM
        filled = self._parts.forms.check(
            fields.get("token", ""), found.person, found.session, purpose
        )
        if filled is None or not is_own_page(request.headers, base_url()):
            raise _NOT_OURS
        return filled

    def _do(
        self,
        action: Action,
        found: Visitor,
        cell: Cell,
        filled: Filled,
        fields: Mapping[str, str],
    ) -> dict[str, str]:
        """Do it, and return what the environment's page then shows."""
        model, ordering, person = self._parts.model, self._parts.ordering, found.person
        if action is Action.APPROVE:
            asked = actions.asked(model, cell, fields.get("run", ""))
            actions.answer(ordering, person, asked, fields)
            return {}
        if action in CONTROL:
            run = actions.control(ordering, model, person, cell, filled, fields, action)
            return {"run": run, "of": CONTROLS}
        return {"run": actions.start(ordering, model, person, cell, filled, fields)}


def _action(request: Request) -> Action:
    try:
        return Action(request.path_params["action"])
    except ValueError:
        raise Missing from None


def _template(action: Action) -> str:
    if action is Action.APPROVE:
        return "approve"
    return "control" if action in CONTROL else "deploy"


def _purpose(action: Action, cell: Cell) -> str:
    return f"{action} {cell.key}"


def _query(request: Request, name: str) -> str:
    return request.query_params.get(name, "")


def _not_allowed(action: Action, rights: Rights, cell: Cell) -> OrderRefused | None:
    if action is Action.APPROVE and not rights.approve:
        msg = f"you may not answer what the runs of {dag_of(cell.snapshot)} ask"
    elif action in STARTS and not rights.deploy:
        msg = f"you may not start runs of {dag_of(cell.snapshot)}"
    elif action in CONTROL and not rights.control:
        msg = f"you may not start runs of {CONTROLS}, or Airflow has no such DAG"
    else:
        return None
    return OrderRefused(msg, advice="whoever gives roles in Airflow can let you")


def _refused(
    request: Request, found: Visitor, cell: Cell, error: OrderRefused, status: HTTPStatus
) -> Response:
    return page(
        request,
        "problem",
        status=status,
        person=found.person,
        cell=cell,
        problem=error,
        title="Not done",
    )
