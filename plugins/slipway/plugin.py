"""What Slipway adds to Airflow itself.

Airflow's server answers to any name. A web page whose name is made to resolve to the server's
address (DNS rebinding) counts as the server's own for a browser, and may ask it anything. So the
server can be told its names, in ``[slipway] allowed_hosts``. And its pages are shown in no page of
somebody else's, whatever it is told.

Git hosts tell of a push at ``/slipway/hooks/<project>`` (docs/webhooks.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.configuration import conf

from slipway.ui_framing import OwnFrames

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


def only_for_hosts(app: ASGIApp, *, allowed_hosts: list[str]) -> ASGIApp:
    """Return the application behind a check of each request's ``Host``; others get a 400.

    :param allowed_hosts: names without port; ``*.example.com`` stands for all below.
    """
    # Workers load plugins as well, and serve nothing.
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    return TrustedHostMiddleware(app, allowed_hosts=allowed_hosts, www_redirect=False)


def root_middlewares() -> list[dict[str, Any]]:
    """Return what stands before the whole server; names are checked where some are given."""
    names = conf.get("slipway", "allowed_hosts", fallback="") or ""
    hosts = [name.strip() for name in names.split(",") if name.strip()]
    kwargs = {"allowed_hosts": hosts}
    names_checked = {"name": "slipway hosts", "middleware": only_for_hosts, "kwargs": kwargs}
    frames = {"name": "slipway frames", "middleware": OwnFrames, "kwargs": {}}
    return [*([names_checked] if hosts else []), frames]


class Webhooks:
    """The receiver of webhooks (:mod:`slipway.webhooks`), made when the first request comes.

    Every process of Airflow loads this plugin; only its server is ever asked anything.
    """

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._app is None:
            from slipway.webhooks.app import make_app

            self._app = make_app()
        await self._app(scope, receive, send)


def webhooks() -> list[dict[str, Any]]:
    """Return the applications that Airflow's server mounts."""
    return [{"name": "slipway webhooks", "app": Webhooks(), "url_prefix": "/slipway/hooks"}]


class SlipwayPlugin(AirflowPlugin):
    """Registered by ``plugins/slipway_plugin.py``."""

    name = "slipway"
    fastapi_apps = webhooks()
    fastapi_root_middlewares = root_middlewares()
