"""How a balancer asks machines for their health, so that Slipway can ask them the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# What is right where nobody says anything.
ANY_SUCCESS = "200-299"
# A classic balancer takes nothing else.
_CLASSIC = "200"
_TARGET = re.compile(r"(?P<scheme>[A-Za-z]+):(?P<port>\d+)(?P<path>/\S*)?")
_GRPC, _HTTP_2 = "GRPC", "HTTP2"


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


def of_target_group(raw: Mapping[str, Any]) -> HealthCheck:
    """Read the question of a target group.

    :param raw: as Elastic Load Balancing describes it.
    """
    port = str(raw.get("HealthCheckPort") or "traffic-port")
    scheme = str(raw.get("HealthCheckProtocol") or raw.get("Protocol") or "HTTP").lower()
    known = _known(scheme)
    version = str(raw.get("ProtocolVersion") or "")
    remark = ""
    if version in (_GRPC, _HTTP_2) and known.asks_for_a_path:
        spoken = "gRPC" if version == _GRPC else "HTTP/2"
        known = Scheme.TLS if known is Scheme.HTTPS else Scheme.TCP
        remark = f"the target group speaks {spoken}, so a connection is all that is asked for"
    return HealthCheck(
        scheme=known,
        port=int(port) if port.isdecimal() else int(raw.get("Port") or 80),
        path=str(raw.get("HealthCheckPath") or "/") if known.asks_for_a_path else "",
        status=str((raw.get("Matcher") or {}).get("HttpCode") or ANY_SUCCESS),
        timeout=float(raw.get("HealthCheckTimeoutSeconds") or 0),
        remark=remark,
    )


def of_classic(raw: Mapping[str, Any]) -> HealthCheck:
    """Read the question of a classic load balancer.

    :param raw: as Elastic Load Balancing describes it.
    """
    check = raw.get("HealthCheck") or {}
    found = _TARGET.fullmatch(str(check.get("Target") or ""))
    if found is None:
        return HealthCheck(scheme=Scheme.TCP, port=80)
    word = found["scheme"].lower()
    scheme = Scheme.TLS if word == "ssl" else _known(word)
    return HealthCheck(
        scheme=scheme,
        port=int(found["port"]),
        path=found["path"] or "",
        status=_CLASSIC,
        timeout=float(check.get("Timeout") or 0),
    )


def _known(word: str) -> Scheme:
    return Scheme(word) if word in [one.value for one in Scheme] else Scheme.TCP


def is_right(code: int, wanted: str) -> bool:
    """Say whether a status is among the right ones.

    :param wanted: codes and ranges, as ``200-399,401``.
    """
    ranges = (one.strip().partition("-") for one in wanted.split(","))
    return any(int(low) <= code <= int(high or low) for low, _, high in ranges)
