"""What a machine is told at its first boot: which release of what it is, and where.

The secrets that go with it are read by the machine itself, under these names.
"""

from __future__ import annotations

import base64

import yaml

from slipway.model.edition import version_of
from slipway.model.facts import Release
from slipway.model.target import DeployTarget

INSTANCE_FILE = "/etc/slipway/instance.env"


def user_data(target: DeployTarget, release: Release) -> str:
    """Return the ``#cloud-config`` of a release's machines, base64-encoded as EC2 wants it.

    :param target: the environment.
    :param release: what the machines run.
    """
    settings = {
        "SLIPWAY_PROJECT": target.project,
        "SLIPWAY_ENVIRONMENT": target.environment,
        "SLIPWAY_VERSION": version_of(release.version),
        "AWS_REGION": target.region,
    }
    content = "".join(f"{name}={value}\n" for name, value in settings.items())
    file = {"path": INSTANCE_FILE, "content": content, "permissions": "0644"}
    text = "#cloud-config\n" + yaml.safe_dump({"write_files": [file]}, sort_keys=False)
    return base64.b64encode(text.encode()).decode()
