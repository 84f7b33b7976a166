"""Forms of the board, and how one is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.slipway.board.boards import Office, filled
from tests.slipway.board.people import Browser

if TYPE_CHECKING:
    from slipway.hooks.store.approvals import Proposal

PROPOSAL: Proposal = filled()[0].proposals["manual__1"]
# What each form is for: its page, and what it sends beside its token.
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "deploy": ("/e/shop/prod/deploy?version=1.0%2B2", {"version": "1.0+2"}),
    "roll-back": ("/e/shop/prod/roll-back?version=1.0%2B0", {"version": "1.0+0"}),
    "approve": (
        "/e/shop/prod/approve?run=manual__1",
        {"run": "manual__1", "plan": PROPOSAL.digest, "answer": "Approve", "reason": "fine"},
    ),
    "hold": ("/e/shop/prod/hold?x=", {"reason": "load test"}),
    "resume": ("/e/shop/prod/resume?x=", {"reason": ""}),
    "cancel": ("/e/shop/prod/cancel?run=manual__8", {"run": "manual__8", "reason": "not today"}),
    "reject": ("/e/shop/prod/reject?version=1.0%2B2", {"version": "1.0+2", "reason": "it burns"}),
}


def send(browser: Browser, action: str, token: str, **headers: str) -> Any:
    fields = {"token": token, **FORMS[action][1]}
    return browser.post(f"/e/shop/prod/{action}", fields, headers)


def done(shop: Office) -> int:
    return len(shop.airflow.started) + len(shop.airflow.answered)
