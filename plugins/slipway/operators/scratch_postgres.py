"""A fresh Postgres for as long as a block lasts."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import ImageUnavailable, TestsFailed, ToolFailed
from slipway.hooks.container_spec import ContainerSpec, ImageFacts, PullPolicy
from slipway.pipeline.readiness import Service, wait_until_ready

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slipway.hooks.container_engine import ContainerEngine

_HOST = "postgres"
_START_TIMEOUT = 90.0
# The data is thrown away, so nothing of it has to reach a disk.
_CARELESS = (
    "postgres", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ScratchPostgres:
    """An empty database.

    :param url: with its password, as seen on the network.
    :param network: the private network that it is on.
    """

    url: str
    network: str


@contextmanager
def scratch_postgres(
    engine: ContainerEngine, *, name: str, major: int, labels: Mapping[str, str]
) -> Iterator[ScratchPostgres]:
    """Start a Postgres on a private network, and remove both afterwards.

    :param name: of the container and the network.
    :param major: Postgres' major version.
    :param labels: on both; whatever carries them is removed, before and afterwards.
    :raises ImageUnavailable: when there is no image of that version.
    :raises ToolFailed: when the server does not start.
    """
    engine.remove_labelled(labels)
    try:
        image, facts = _image(engine, major)
        engine.create_network(name, {**labels, "slipway.kind": "pipeline"})
        password = secrets.token_hex(16)
        container = engine.create(
            ContainerSpec(
                name=name,
                image=image,
                argv=_CARELESS,
                environment={"POSTGRES_PASSWORD": password, "POSTGRES_DB": "rehearsal"},
                network=name,
                aliases=(_HOST,),
                labels={**labels, "slipway.kind": "service"},
                health_interval=1.0 if facts.has_healthcheck else None,
            )
        )
        engine.start(container)
        service = Service(name=f"Postgres {major}", container=container, image=facts)
        try:
            wait_until_ready(engine, service, timeout=_START_TIMEOUT)
        except TestsFailed as error:
            raise ToolFailed(error.message) from error
        url = f"postgres://postgres:{password}@{_HOST}:5432/rehearsal?sslmode=disable"
        yield ScratchPostgres(url=url, network=name)
    finally:
        engine.remove_labelled(labels)


def _image(engine: ContainerEngine, major: int) -> tuple[str, ImageFacts]:
    """Prefer Slipway's own image; the official one speaks the same variables."""
    own, official = f"slipway/postgres:{major}", f"postgres:{major}"
    try:
        return own, engine.ensure_image(own, pull=PullPolicy.NEVER)
    except ImageUnavailable:
        return official, engine.ensure_image(official)
