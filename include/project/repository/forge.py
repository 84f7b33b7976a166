"""What a project file says of its repository's host, beside git."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema

from slipway.model.forge.place import ForgeKind, ForgePlace, place_of


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


def find_place(
    url: str,
    *,
    connection: str | None,
    kind: ForgeKind | None,
    server: str | None,
) -> ForgePlace:
    """Find a repository at its host.

    :param url: of the repository.
    :param connection: Airflow connection with a token for the host's REST API.
    :param kind: whose API the host speaks; None where the host's name says it.
    :param server: where the API begins, if not at the host of ``url``.
    :raises ValueError: when this is not enough, with what is missing.
    """
    if connection is None:
        msg = (
            "statuses and pull requests need a token: name an Airflow connection in `connection`, "
            "or in `forge_connection` for the host's REST API alone"
        )
        raise ValueError(msg)
    return place_of(url, connection=connection, kind=kind, server=server)
