"""The apt repository's signing key: made once per demo, kept in the Airflow connection alone."""

from __future__ import annotations

import docker

from include.demo.paths import INSTALLATION
from slipway.hooks.docker.built_images import built_image

_MAKE_KEY = (
    "export GNUPGHOME=/dev/shm/gnupg && mkdir -m 700 $GNUPGHOME && "
    "gpg --batch --quiet --passphrase '' --quick-generate-key "
    "'Slipway demo <slipway@localhost>' ed25519 sign never && "
    "gpg --batch --armor --export-secret-keys"
)


def make_signing_key() -> str:
    """Return a new private key, ASCII-armoured, without a passphrase."""
    client = docker.from_env()
    try:
        # Not by its name: one that is missing would be pulled, from whoever publishes it.
        toolbox = built_image(client.api, "slipway/toolbox:1")
        container = client.containers.create(
            toolbox,
            ["sh", "-c", _MAKE_KEY],
            network_mode="none",
            labels={"slipway.installation": INSTALLATION, "slipway.kind": "tool"},
        )
        try:
            container.start()
            container.wait()
            # Not followed while it runs: what is written at the very end may not come then.
            key: bytes = container.logs(stdout=True, stderr=False)
        finally:
            container.remove(force=True)
    finally:
        client.close()
    return key.decode()
