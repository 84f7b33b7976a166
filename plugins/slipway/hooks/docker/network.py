"""Networks of containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import docker
import docker.errors

from slipway.hooks.docker.errors import translated

if TYPE_CHECKING:
    from collections.abc import Mapping


def create(
    client: docker.APIClient,
    name: str,
    labels: Mapping[str, str],
    options: Mapping[str, str] | None,
    internal: bool,
) -> None:
    """Make a bridge network; one of the same name is kept.

    :param client: of the Docker engine.
    :param name: its name.
    :param labels: on it.
    :param options: of the bridge.
    :param internal: it has no way out.
    """
    with translated(f"create network {name}"):
        try:
            client.create_network(
                name,
                driver="bridge",
                labels=dict(labels),
                options=dict(options) if options else None,
                check_duplicate=True,
                internal=internal,
            )
        except docker.errors.APIError as error:
            if error.status_code != 409:
                raise
