"""Where machines and their images live."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.model.fact import Fact


@dataclass(frozen=True, kw_only=True, slots=True)
class Account(Fact):
    """One region of an AWS account.

    :param aws_conn_id: id of the Airflow connection of the account.
    :param region: as AWS calls it, ``eu-west-1``.
    """

    aws_conn_id: str
    region: str
