"""One session for all clients of a connection, and the services' descriptions read only once.

A client costs up to a fifth of a second: its service's description is up to some megabytes of
JSON, and a connection with a role asks STS for each new session. A task of the swap needs four.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config
from botocore.loaders import create_loader
from botocore.session import Session

from slipway.metrics.catalogue import AWS_CALLS, AWS_RETRIES
from slipway.metrics.emit import count

# Twelve tries with standard back-off (random, up to 20 s between two: 85 s on average) outlast an
# API that is away for half a minute; after that the task fails and Airflow takes its turn.
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 12},
    connect_timeout=5,
    read_timeout=60,
    user_agent_extra="Slipway",
)
# For what nobody can wait for.
HASTY = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=4
)
# What the swap and the bake talk to.
SERVICES = ("autoscaling", "cloudwatch", "ec2", "elbv2", "ssm")
# Keeps what it has read; botocore's own would belong to one session.
_DESCRIPTIONS = create_loader()


class AwsSession(AwsBaseHook):
    """An Airflow connection of type ``aws``, for clients of any service.

    :param aws_conn_id: the Airflow connection.
    :param region_name: wins over the connection's.
    """

    def __init__(self, *, aws_conn_id: str, region_name: str) -> None:
        super().__init__(aws_conn_id=aws_conn_id, region_name=region_name, config=CONFIG)
        self._session: Any = None

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """Return the session, which is made when it is first needed."""
        if self._session is None:
            made: Any = super().get_session(region_name=region_name, deferrable=deferrable)
            made._session.register_component("data_loader", _DESCRIPTIONS)
            made._session.register("after-call", _measure)
            self._session = made
        return self._session

    def client(self, service: str, config: Config | None = None) -> Any:
        """Return a new boto3 client.

        :param service: as boto3 names it.
        :param config: goes before the connection's.
        """
        endpoint = self.conn_config.get_service_endpoint_url(service_name=service)
        # The hook's own way looks for its caller's name through the sources of all modules.
        with _uncollected():
            return self.get_session(region_name=self.region_name).client(
                service,
                endpoint_url=endpoint,
                verify=self.verify,
                config=self.config.merge(config) if config else self.config,
            )


def _measure(model: Any, parsed: dict[str, Any], **_: Any) -> None:
    """Count a request that was answered, whatever the answer.

    :param model: botocore's, of the operation.
    :param parsed: the answer.
    """
    called = {"service": model.service_model.service_name, "operation": model.name}
    count(AWS_CALLS, **called)
    count(AWS_RETRIES, int(parsed.get("ResponseMetadata", {}).get("RetryAttempts", 0)), **called)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector still while botocore reads its data.

    Those are so many objects that it would walk through all of Airflow's again and again.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def warm_up() -> None:
    """Make each client of the swap once, before workers are forked off.

    It reads the descriptions, and has botocore import and compile what it otherwise does at the
    first client of a process. Nothing is sent.
    """
    session = Session()
    session.register_component("data_loader", _DESCRIPTIONS)
    session.set_credentials("none", "none")
    for service in SERVICES:
        session.create_client(service, region_name="us-east-1", config=CONFIG)
        for kind in ("paginators-1", "waiters-2"):
            if service in _DESCRIPTIONS.list_available_services(kind):
                _DESCRIPTIONS.load_service_model(service, kind)
