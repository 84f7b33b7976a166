"""Where people see what a host's deliveries were answered, at hosts whose APIs do not tell it."""

from __future__ import annotations

from slipway.model.forge.place import PUBLIC_HOSTS, ForgeKind, ForgePlace

_CLOUD = "https://bitbucket.org"


def deliveries_page(place: ForgePlace) -> str:
    """Return the address of the page, and where on it to look.

    :param place: the repository, at Bitbucket Cloud, Gitea or what stands in for one of them.
    """
    if place.kind is ForgeKind.GITEA:
        return f"{place.server}/{place.path}/settings/hooks (Recent Deliveries of the hook)"
    if place.server == PUBLIC_HOSTS["bitbucket.org"][1]:
        return f"{_CLOUD}/{place.path}/admin/webhooks (View requests)"
    return f"{place.server}/{place.path}"
