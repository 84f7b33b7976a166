"""What a project file says of its repository's host, beside git."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema

from slipway.model.forge.place import ForgePlace, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.project.model import Project
    from include.project.repository.source import Repository


def _encrypted(url: str) -> str:
    """Take a server's address to which a token may be sent."""
    parts = urlsplit(url)
    plain = url == f"{parts.scheme}://{parts.netloc}{parts.path}" and "@" not in parts.netloc
    secret = parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname or ""))
    if not plain or not secret or not parts.hostname:
        msg = f"{parts.scheme}://... is no address that a token is sent to; write https://host"
        raise ValueError(msg)
    return url.rstrip("/")


def _is_here(host: str) -> bool:
    """Tell whether what is sent to a host leaves this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


ForgeUrl = Annotated[
    str,
    AfterValidator(_encrypted),
    WithJsonSchema({"type": "string", "pattern": r"^(https?)://[^\s/@?#]+(/[^\s?#]*)?$"}),
]


def forge_place(repository: Repository) -> ForgePlace:
    """Find a project's repository at its host.

    :param repository: as the project file has it.
    :raises ValueError: when the project file does not say enough, with what is missing.
    """
    connection = repository.forge_connection or repository.connection
    if connection is None:
        msg = (
            "statuses and pull requests need a token: name an Airflow connection in `connection`, "
            "or in `forge_connection` for the host's REST API alone"
        )
        raise ValueError(msg)
    return place_of(
        repository.url,
        connection=connection,
        kind=repository.forge,
        server=repository.forge_url,
    )


def sharing_commits(projects: Iterable[Project]) -> frozenset[str]:
    """Name the projects that show statuses on the same commits as another.

    :param projects: all of them.
    """
    at: dict[tuple[str, str], list[str]] = {}
    for project in projects:
        if project.repository.statuses:
            place = forge_place(project.repository)
            # No host has two repositories whose names differ in capitals alone.
            at.setdefault((place.server, place.path.lower()), []).append(project.name)
    return frozenset(name for names in at.values() if len(names) > 1 for name in names)
