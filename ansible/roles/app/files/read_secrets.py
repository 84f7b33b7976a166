"""Reads a machine's secrets from Parameter Store into a file that systemd gives the service.

Everything below /slipway/<project>/<environment>/ becomes a variable named for the last part of
its path. The file is in memory (/run) and root's alone; no image ever holds it.
"""

import json
import os
import sys
import time
from pathlib import Path

import botocore.exceptions
import botocore.session

# Seconds. A machine's role and routes may come a moment after the machine.
PATIENCE = 90


def parameters():
    """Yield name and value of each parameter of this machine's environment."""
    path = f"/slipway/{os.environ['SLIPWAY_PROJECT']}/{os.environ['SLIPWAY_ENVIRONMENT']}/"
    client = botocore.session.get_session().create_client(
        "ssm",
        region_name=os.environ["AWS_REGION"],
        # Debian's botocore is older than this variable.
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL"),
    )
    pages = client.get_paginator("get_parameters_by_path").paginate(
        Path=path, Recursive=True, WithDecryption=True
    )
    for page in pages:
        for parameter in page["Parameters"]:
            yield parameter["Name"].rpartition("/")[2], parameter["Value"]


def patient_parameters():
    """Read them all, and try again while the API is not there yet."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return sorted(parameters())
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            if time.monotonic() > deadline:
                raise
            print(f"Parameter Store does not answer yet: {error}", file=sys.stderr)
            time.sleep(1)


def main(target):
    """Write the file at once: a service must never see half of it."""
    found = patient_parameters()
    partial = f"{target}.partial"
    with open(partial, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        for name, value in found:
            # systemd reads double-quoted values with C escapes (systemd.exec(5)), as JSON has.
            file.write(f"{name}={json.dumps(value, ensure_ascii=False)}\n")
    Path(partial).replace(target)


if __name__ == "__main__":
    main(sys.argv[1])
