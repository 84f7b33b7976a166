"""The page that a person is sent to."""

from __future__ import annotations

import pytest

from slipway.hooks.forge.hooks.deliveries import deliveries_page
from slipway.model.forge.place import ForgeKind, place_of


@pytest.mark.parametrize(
    ("url", "kind", "server", "page"),
    [
        (
            "git@bitbucket.org:acme/shop.git",
            None,
            None,
            "https://bitbucket.org/acme/shop/admin/webhooks (View requests)",
        ),
        (
            "https://git.corp/acme/shop.git",
            ForgeKind.GITEA,
            None,
            "https://git.corp/acme/shop/settings/hooks (Recent Deliveries of the hook)",
        ),
        (
            "git://127.0.0.1:9418/acme/hello.git",
            ForgeKind.BITBUCKET,
            "http://127.0.0.1:7990",
            "http://127.0.0.1:7990/acme/hello",
        ),
    ],
)
def test_a_host_that_does_not_tell_its_deliveries_has_a_page_with_them(
    url: str, kind: ForgeKind | None, server: str | None, page: str
) -> None:
    assert deliveries_page(place_of(url, connection="c", kind=kind, server=server)) == page
