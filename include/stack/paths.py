"""Where the stack on this machine keeps its things: all of it in ``.slipway/stack``."""

from __future__ import annotations

import os
from hashlib import sha256

from include.demo.paths import REGION, ROOT

__all__ = ["REGION", "ROOT"]

HOME = ROOT / ".slipway" / "stack"
SECRETS = HOME / "secrets"
GIT = HOME / "git"
CLOUD = HOME / "cloud"
# What Compose is told; none of it is secret.
VARIABLES = HOME / "variables.env"
# There once the first password was told.
TOLD = HOME / "told"
RESULT = HOME / "test.json"

_CLONE = sha256(str(ROOT).encode()).hexdigest()[:8]
INSTALLATION = f"stack-{_CLONE}"
PROJECT = f"slipway-stack-{_CLONE}"
# A demo may run beside it.
_FIRST_PORT = int(os.environ.get("SLIPWAY_STACK_PORTS", "8090"))
UI_PORT = _FIRST_PORT
LISTENERS = {"dev": _FIRST_PORT + 1, "prod": _FIRST_PORT + 2}
CLOUD_PORT = _FIRST_PORT + 3
ENDPOINT = f"http://127.0.0.1:{CLOUD_PORT}"
# Another name than the applications', for a browser gives a host's cookies to all its ports.
UI = f"http://localhost:{UI_PORT}"
# Buckets of the embedded cloud.
ARTIFACTS = "slipway-artifacts"
LOGS = "slipway-logs"
CLOUD_PROCESS = "stack-cloud"


def balancer_url(environment: str) -> str:
    """Return where an environment's load balancer answers."""
    return f"http://127.0.0.1:{LISTENERS[environment]}"
