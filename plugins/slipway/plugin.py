"""What Slipway adds to Airflow itself.

Airflow's server answers to any name. A web page whose name is made to resolve to the server's
address (DNS rebinding) counts as the server's own for a browser, and may ask it anything. So the
server can be told its names, in ``[slipway] allowed_hosts``. And its pages are shown in no page of
somebody else's, whatever it is told.

Git hosts tell of a push at ``/slipway/hooks/<project>`` (docs/webhooks.md). People see what runs
where at ``/slipway/board`` (docs/board.md), which Airflow's menu leads to. Tasks have the server
note what their run is about at ``/slipway/notes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.configuration import conf

from slipway.ui_framing import OwnFrames

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


def only_for_hosts(app: ASGIApp, *, allowed_hosts: list[str]) -> ASGIApp:
    """Return the application behind a check of each request's ``Host``; others get a 400.

    :param app: that is asked when the host is right.
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


class Late:
    """An application that is made when the first request comes.

    Every process of Airflow loads this plugin; only its server is ever asked anything.
    """

    def __init__(self) -> None:
        self._app: ASGIApp | None = None

    def make(self) -> ASGIApp:
        """Return the application."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._app is None:
            self._app = self.make()
        await self._app(scope, receive, send)


class Webhooks(Late):
    """The receiver of webhooks (:mod:`slipway.webhooks`)."""

    def make(self) -> ASGIApp:
        """Return the application."""
        from slipway.webhooks.app import make_app

        return make_app()


class Pages(Late):
    """The board (:mod:`slipway.board`)."""

    def make(self) -> ASGIApp:
        """Return the application."""
        from slipway.board.app import make_app

        return make_app()


class Notes(Late):
    """The door for the notes of runs (:mod:`slipway.run_notes`)."""

    def make(self) -> ASGIApp:
        """Return the application."""
        from slipway.run_notes import make_app

        return make_app()


def apps() -> list[dict[str, Any]]:
    """Return the applications that Airflow's server mounts."""
    return [
        {"name": "slipway webhooks", "app": Webhooks(), "url_prefix": "/slipway/hooks"},
        {"name": "slipway notes", "app": Notes(), "url_prefix": "/slipway/notes"},
        {"name": "slipway board", "app": Pages(), "url_prefix": "/slipway/board"},
    ]


def views() -> list[dict[str, Any]]:
    """Return what Airflow's menu leads to.

    Without a route of Airflow's own the board opens as a page of its own: a frame of Airflow's
    would keep its links to runs and logs inside.
    """
    top = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
    return [
        {
            "name": "Slipway",
            "href": f"{top}/slipway/board/",
            "destination": "nav",
            "icon": f"{top}/slipway/board/static/icon.svg",
            # At the top level Airflow 3.3 makes a button of it, which leads nowhere.
            "category": "browse",
        }
    ]


class SlipwayPlugin(AirflowPlugin):
    """Registered by ``plugins/slipway_plugin.py``."""

    name = "slipway"
    fastapi_apps = apps()
    external_views = views()
    fastapi_root_middlewares = root_middlewares()
