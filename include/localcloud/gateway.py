"""The machines' way to the API: HAProxy on the VPC, talking to a unix socket of this process.

So nothing has to listen on an address that anybody else could reach. What may pass is decided
where it arrives (:mod:`include.localcloud.compute.machine_gateway`).
"""

from __future__ import annotations

from include.localcloud.engine import CONFINED, Engine, whoami
from include.localcloud.settings import CloudSettings

IMAGE = "slipway/haproxy:2"
_CONFIG = """\
global
    maxconn 1000
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout http-request 30s
    retries 3
frontend api
    bind :80
    default_backend api
backend api
    server api unix@/cloud/api.sock
"""


def start_gateway(engine: Engine, settings: CloudSettings) -> None:
    """Start the gateway container at the VPC's third address."""
    folder = settings.home / "gateway"
    (folder / "haproxy.cfg").write_text(_CONFIG)
    container = engine.create(
        f"slipway-cloud-{settings.installation}-gateway",
        IMAGE,
        kind="cloud-gateway",
        command=["haproxy", "-db", "-f", "/cloud/haproxy.cfg"],
        user=whoami(),
        # A socket takes connections on a read-only mount as well.
        host={"binds": [f"{folder}:/cloud:ro"], "mem_limit": "256m", "pids_limit": 64, **CONFINED},
        networking_config=engine.address(settings.network, settings.gateway),
    )
    engine.api.start(container)
