"""How a balancer asks machines for their health, so that Slipway can ask them the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slipway.model.cloud.health_check import ANY_SUCCESS, HealthCheck, Scheme

# A classic balancer takes nothing else.
_CLASSIC = "200"
_TARGET = re.compile(r"(?P<scheme>[A-Za-z]+):(?P<port>\d+)(?P<path>/\S*)?")
_GRPC, _HTTP_2 = "GRPC", "HTTP2"


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
