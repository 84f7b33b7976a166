"""A person says yes or no to a deployment; who, when and why stay with the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException

from slipway.facts import Fact, Json
from slipway.operators.failure import explained
from slipway.operators.freeze import held_up

if TYPE_CHECKING:
    from airflow.sdk import Context

# The field of the form, and the XCom.
REASON, APPROVAL = "reason", "approval"


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval(Fact):
    """An answer.

    :param by: the user's name.
    :param at: seconds since 1970.
    :param reason: why; empty where nobody said.
    """

    approved: bool
    by: str
    at: int
    reason: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Read what Airflow hands on when somebody answered.

        :param event: of an ``ApprovalOperator``.
        """
        user = event["responded_by_user"] or {}
        return cls(
            approved=event["chosen_options"] == [ApprovalOperator.APPROVE],
            by=user.get("name") or user.get("id") or "an unnamed user",
            at=int(event["responded_at"].timestamp()),
            reason=str((event["params_input"] or {}).get(REASON) or "").strip(),
        )

    def __str__(self) -> str:
        """Say who decided what, when and why."""
        word = "approved" if self.approved else "rejected"
        at = datetime.fromtimestamp(self.at, UTC)
        why = self.reason or "no reason was given"
        return f"{word} by {self.by} on {at:%Y-%m-%d at %H:%M:%S} UTC: {why}"


class ApproveReleaseOperator(ApprovalOperator):
    """Wait for a person, without a worker.

    A no ends the run at once, as does no answer within ``response_timeout``: nobody is asked
    again, and nothing has been changed. A yes that comes within a freeze window ends it as well,
    since it was asked for outside of one.

    :param windows: of the environment, :class:`slipway.freeze.FreezeWindow` as JSON, each.
    :param clock: the time now, with its zone.
    :returns: :class:`Approval` as JSON; the XCom ``approval`` has it also after a no.
    """

    def __init__(
        self, *, windows: Sequence[Json] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC), **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**{"fail_on_reject": True, **kwargs})
        self.windows = tuple(windows)
        self.clock = clock

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Json:
        """Keep the answer, and do as it says.

        :raises AirflowFailException: when it was no, came within a freeze window, or never came.
        """
        if event.get("error_type") == "timeout":
            msg = f"nobody answered within {self.response_timeout}; nothing was changed"
            raise AirflowFailException(msg)
        if "error" in event:
            self.process_trigger_event_error(event)
        approval = Approval.of(event)
        ti: Any = context["ti"]
        ti.xcom_push(key=APPROVAL, value=approval.to_json())
        self.log.info("%s", approval)
        try:
            super().execute_complete(context, event)
        except HITLRejectException as no:
            # Airflow would take it for a failure like any other, and ask twice more.
            msg = f"{approval}; nothing was changed"
            raise AirflowFailException(msg) from no
        with explained():
            held_up(self.windows, self.clock(), context, self.log)
        return approval.to_json()
