"""The services that are served: those that Slipway and its machines call, of moto's two hundred.

Some of the others run what they are asked to run, in containers on this host (Batch, Lambda), or
send requests wherever they are told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app

from include.localcloud.api.refusal import refuse

# In moto's words; CloudWatch is "monitoring" in AWS's endpoints.
SERVED = frozenset({"autoscaling", "cloudwatch", "ec2", "elb", "elbv2", "iam", "s3", "ssm", "sts"})


def application_of(service: Any) -> Any:
    """Return the application that answers for a service: moto's, or a refusal.

    moto asks for it when it has decided whose a request is, by whatever that decision came about.

    :param service: moto's name of it, or ``None`` for one that moto does not know.
    """
    return create_backend_app(service) if service in SERVED else _refuse


def _refuse(_: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    message = f"the embedded cloud has these services alone: {', '.join(sorted(SERVED))}"
    return refuse(start_response, message)
