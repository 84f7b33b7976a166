"""Where a project's commits are, and how they may be read."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.model.fact import Fact


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository(Fact):
    """A git repository.

    :param url: without credentials.
    :param connection: id of the Airflow connection with its credentials; None for a public one.
    """

    url: str
    connection: str | None = None
