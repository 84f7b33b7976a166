"""How AWS refuses, in the words of each protocol."""

from __future__ import annotations

import json
from dataclasses import dataclass

_QUERY = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{said}</Message></Error>"
    "<RequestId>fault</RequestId></ErrorResponse>"
)
_EC2 = (
    "<Response><Errors><Error><Code>{code}</Code><Message>{said}</Message></Error></Errors>"
    "<RequestID>fault</RequestID></Response>"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A whole answer."""

    status: int
    kind: str
    body: bytes


def throttled(protocol: str) -> Refusal:
    """Say that the rate is exceeded."""
    code = {"ec2": "RequestLimitExceeded", "json": "ThrottlingException"}.get(
        protocol, "Throttling"
    )
    return _refusal(protocol, 503 if protocol == "ec2" else 400, code, "Rate exceeded")


def denied(protocol: str) -> Refusal:
    """Say that the role may not do this."""
    code = {"ec2": "UnauthorizedOperation", "json": "AccessDeniedException"}.get(
        protocol, "AccessDenied"
    )
    return _refusal(protocol, 403, code, "not authorized to perform this action")


def _refusal(protocol: str, status: int, code: str, said: str) -> Refusal:
    if protocol == "json":
        body = json.dumps({"__type": code, "message": said})
        return Refusal(status=status, kind="application/x-amz-json-1.1", body=body.encode())
    text = (_EC2 if protocol == "ec2" else _QUERY).format(code=code, said=said)
    return Refusal(status=status, kind="text/xml", body=text.encode())
