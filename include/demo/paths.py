"""Where the demo keeps its things: all of it in ``.slipway``, below the clone."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = ROOT / ".slipway"
AIRFLOW_HOME = HOME / "airflow"
POOLS = AIRFLOW_HOME / "pools.json"
ARTIFACTS = HOME / "artifacts"
MIRRORS = HOME / "mirrors"
GIT = HOME / "git"
CLOUD = HOME / "cloud"
FORGE = HOME / "forge"
RUN = HOME / "run"
LOG = HOME / "log"
ENVIRONMENT = HOME / "env"
RESULT = HOME / "demo.json"
# What a demo leaves for the next one to start afresh; images and .venv stay.
STATE = (AIRFLOW_HOME, ARTIFACTS, MIRRORS, GIT, CLOUD, FORGE)

# Two clones on one machine must not take each other's containers for their own.
INSTALLATION = f"demo-{sha256(str(ROOT).encode()).hexdigest()[:8]}"
REGION = "eu-west-1"
CLOUD_PORT = 4566
GIT_PORT = 9418
FORGE_PORT = 7990
UI_PORT = 8080
LOG_PORT = 8793
LISTENERS = {"dev": 8081, "prod": 8082}
ENDPOINT = f"http://127.0.0.1:{CLOUD_PORT}"
# The stand-in for Bitbucket, and what the guestbook is called there.
FORGE_URL = f"http://127.0.0.1:{FORGE_PORT}"
REPOSITORY = "acme/guestbook"
# Another name than the applications', for a browser gives a host's cookies to all its ports.
UI_HOST = "localhost"
UI = f"http://{UI_HOST}:{UI_PORT}"


def balancer_url(environment: str) -> str:
    """Return where an environment's load balancer answers."""
    return f"http://127.0.0.1:{LISTENERS[environment]}"
