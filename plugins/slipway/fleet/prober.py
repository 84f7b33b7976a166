"""Who asks machines and pages themselves: how they are, and why they are ill."""

from __future__ import annotations

from typing import Protocol

from slipway.model.cloud.answer import TIMEOUT, Answer
from slipway.model.cloud.failure_report import MachineReport
from slipway.model.cloud.health_check import ANY_SUCCESS, Scheme


class Prober(Protocol):
    """Asks for health, past the balancer."""

    def probe(
        self,
        addresses: list[str],
        *,
        port: int,
        path: str,
        scheme: Scheme = Scheme.HTTP,
        status: str = ANY_SUCCESS,
        timeout: float = TIMEOUT,
    ) -> list[Answer]:
        """Ask machines side by side.

        :param addresses: their IP addresses.
        :param port: where the service listens.
        :param path: what is asked for.
        :param scheme: how.
        :param status: the right answers, as ``200-399,401``.
        :param timeout: seconds for one answer.
        """

    def probe_url(self, url: str, *, status: int) -> Answer:
        """Ask a page.

        :param url: of the page.
        :param status: the right answer.
        """


class MachineExplainer(Protocol):
    """Finds out what an ill machine has to say; it never raises, and ends in time."""

    def explain(self, instance_id: str, address: str, *, until: float) -> MachineReport:
        """Ask one machine.

        :param instance_id: of the machine.
        :param address: under which it asks itself for its health.
        :param until: of the monotonic clock.
        """
