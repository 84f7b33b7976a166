"""How machines are asked for their health, by a balancer and by whoever asks the same."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# What is right where nobody says anything.
ANY_SUCCESS = "200-299"


class Scheme(StrEnum):
    """How a machine is asked."""

    HTTP = "http"
    HTTPS = "https"
    TCP = "tcp"
    TLS = "tls"

    @property
    def asks_for_a_path(self) -> bool:
        """A page is asked for; else a connection is all."""
        return self in (Scheme.HTTP, Scheme.HTTPS)


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthCheck:
    """A balancer's question.

    :param scheme: http, https, tcp or tls.
    :param port: of the machines.
    :param path: that is asked for; empty where a connection is all.
    :param status: codes of the right answers, such as ``200-399,401``.
    :param timeout: seconds for one answer.
    :param remark: why Slipway asks for less than the balancer does; empty where it does not.
    """

    scheme: Scheme
    port: int
    path: str = ""
    status: str = ANY_SUCCESS
    timeout: float = 0.0
    remark: str = ""


def is_right(code: int, wanted: str) -> bool:
    """Say whether a status is among the right ones.

    :param code: of an HTTP answer.
    :param wanted: codes and ranges, as ``200-399,401``.
    """
    ranges = (one.strip().partition("-") for one in wanted.split(","))
    return any(int(low) <= code <= int(high or low) for low, _, high in ranges)


def describe_check(check: HealthCheck, address: str = "") -> str:
    """Say what a machine is asked.

    :param check: how.
    :param address: whom; empty for any machine.
    """
    where = f"{check.scheme.value}://{address}:{check.port}{check.path}"
    return f"{where} for {check.status}" if check.scheme.asks_for_a_path else where
