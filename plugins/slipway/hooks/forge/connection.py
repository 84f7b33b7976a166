"""From an Airflow connection to the client of a git host."""

from __future__ import annotations

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from slipway.exceptions import ForgeRefused
from slipway.hooks.forge.base import Forge, Purpose
from slipway.hooks.forge.bitbucket import Bitbucket
from slipway.hooks.forge.bitbucket_server import BitbucketServer
from slipway.hooks.forge.gitea import Gitea
from slipway.hooks.forge.github import GitHub
from slipway.hooks.forge.gitlab import GitLab
from slipway.model.forge.login import ForgeLogin
from slipway.model.forge.place import ForgeKind, ForgePlace

_CLIENTS: dict[ForgeKind, type[Forge]] = {
    ForgeKind.BITBUCKET: Bitbucket,
    ForgeKind.BITBUCKET_SERVER: BitbucketServer,
    ForgeKind.GITHUB: GitHub,
    ForgeKind.GITLAB: GitLab,
    ForgeKind.GITEA: Gitea,
}


def open_forge(place: ForgePlace, purpose: Purpose | None = None) -> Forge:
    """Open the REST API of a repository's host; nothing is asked yet.

    :param place: the repository.
    :param purpose: what it is asked for; statuses if not given.
    :raises ForgeRefused: when there is no such connection, or its login cannot be right.
    """
    login = forge_login(place.connection)
    return _CLIENTS[place.kind](place=place, login=login, purpose=purpose)


def forge_login(connection_id: str) -> ForgeLogin:
    """Read a host's login; the token is masked in every log from here on.

    :param connection_id: has a token as its password. For an API token of Bitbucket Cloud the
        login, or ``email`` in the extra, is its owner's e-mail address. An ssh key may be beside
        it.
    :raises ForgeRefused: when there is no such connection, or no token in it.
    """
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        msg = f"Airflow has no connection {connection_id!r}, which the project file names"
        raise ForgeRefused(msg, advice="add it, or correct the name") from error
    token = (connection.password or "").strip()
    if not token:
        msg = f"the connection {connection_id!r} has no token as its password"
        advice = "add one beside the ssh key, or name another in `repository: {forge_connection}`"
        raise ForgeRefused(msg, advice=advice)
    mask_secret(token)
    email = str(connection.extra_dejson.get("email") or "")
    return ForgeLogin(user=(connection.login or "").strip(), token=token, email=email)
