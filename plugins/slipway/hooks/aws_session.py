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

# Twelve tries with standard back-off (random, up to 20 s between two: 85 s on average) outlast an
# API that is away for half a minute; after that the task fails and Airflow takes its turn.
CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 12}, connect_timeout=5, read_timeout=60
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
            self._session = made
        return self._session

    def client(self, service: str) -> Any:
        """Return a new boto3 client.

        :param service: as boto3 names it.
        """
        self.client_type = service
        with _uncollected():
            return self.get_client_type(region_name=self.region_name)


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


def read_descriptions() -> None:
    """Read what the swap's clients will need, before workers are forked off."""
    for service in SERVICES:
        version = _DESCRIPTIONS.determine_latest_version(service, "service-2")
        for kind in ("service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"):
            if service in _DESCRIPTIONS.list_available_services(kind):
                _DESCRIPTIONS.load_service_model(service, kind, version)
    for name in ("endpoints", "partitions", "sdk-default-configuration"):
        _DESCRIPTIONS.load_data(name)
