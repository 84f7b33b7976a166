"""A service that goes wrong in another way with each version, and the image that holds it.

It is made by commands that Systems Manager runs on a machine, which is how failed machines are
asked, too.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.model.facts import Json, MachineImage
from slipway.tasks.failure import failed_release
from slipway.tasks.images.search import known_images
from tests.cloud_process import REGION
from tests.e2e.conftest import World
from tests.e2e.steps import seed

Run = Callable[..., Any]

# For boto3's waiters, which look every 15 seconds and give up after ten minutes.
EACH_SECOND = {"Delay": 1, "MaxAttempts": 600}
SECRET = "hunter2-of-the-ledger"
CRASHES, ELSEWHERE, SAYS_500, MISSES = "6.1.0", "6.2.0", "6.3.0", "6.4.0"
SERVICE = """
import http.server
import os

version, password = os.environ["SLIPWAY_VERSION"], os.environ["LEDGER_PASSWORD"]
if version == "6.1.0":
    raise SystemExit(f"the ledger does not take the password {password}")
if version == "6.4.0":
    print(os.environ["LEDGER_URL"])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500)
        self.end_headers()
        self.wfile.write(f"no table accounts; logged in with {password}".encode())


port = 9999 if version == "6.2.0" else 8000
http.server.HTTPServer(("0.0.0.0", port), Handler).serve_forever()
"""
UNIT = """
[Unit]
Requires=slipway-secrets.service
After=slipway-secrets.service

[Service]
ExecStart=/usr/bin/python3 -u /usr/local/lib/ledger.py
EnvironmentFile=/etc/slipway/instance.env
EnvironmentFile=/run/slipway/secrets.env

[Install]
WantedBy=multi-user.target
"""
SECRETS = f"""
[Service]
Type=oneshot
RemainAfterExit=yes
RuntimeDirectory=slipway
RuntimeDirectoryPreserve=yes
ExecStart=/bin/sh -c "echo 'LEDGER_PASSWORD=\\"{SECRET}\\"' > /run/slipway/secrets.env"
"""
FILES = {
    "/usr/local/lib/ledger.py": SERVICE,
    "/etc/systemd/system/ledger.service": UNIT,
    "/etc/systemd/system/ledger.service.d/50-slipway.conf": "[Unit]\n",
    "/etc/systemd/system/slipway-secrets.service": SECRETS,
}


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let machines of a busy test have their say: that they get seconds alone is told elsewhere."""
    monkeypatch.setattr(failed_release, "LONGEST", 60.0)


@pytest.fixture(scope="module")
def ledger(world: World) -> Iterator[str]:
    """Make an image with the service in it."""
    writes = [
        f"mkdir -p $(dirname {path}); echo {base64.b64encode(text.encode()).decode()}"
        f" | base64 -d > {path}"
        for path, text in FILES.items()
    ]
    wanted = "/etc/systemd/system/multi-user.target.wants"
    enables = f"mkdir -p {wanted}; ln -s ../ledger.service {wanted}/ledger.service"
    image = image_with(world, "ledger", [*writes, enables])
    yield image
    world.client("ec2").deregister_image(ImageId=image)


def launch_machine(world: World, image: str | None = None) -> str:
    """Launch one beside all groups."""
    ec2 = world.client("ec2")
    names = [{"Name": "name", "Values": ["debian-12-amd64-slipway"]}]
    source = ec2.describe_images(Owners=["self"], Filters=names)["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image or source, MinCount=1, MaxCount=1)
    return str(made["Instances"][0]["InstanceId"])


def image_with(world: World, name: str, commands: list[str]) -> str:
    """Make an image of a machine on which commands ran."""
    ec2, made = world.client("ec2"), launch_machine(world)
    ec2.get_waiter("instance_running").wait(InstanceIds=[made], WaiterConfig=EACH_SECOND)
    on_machine(world, made, ["set -e", *commands])
    image = str(ec2.create_image(InstanceId=made, Name=name)["ImageId"])
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig=EACH_SECOND)
    ec2.terminate_instances(InstanceIds=[made])
    return image


def on_machine(world: World, machine: str, commands: list[str]) -> None:
    ssm, deadline = world.client("ssm"), time.monotonic() + 60
    sent = ssm.send_command(
        InstanceIds=[machine],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": commands},
    )["Command"]["CommandId"]
    while True:
        told = ssm.get_command_invocation(CommandId=sent, InstanceId=machine)
        if told["Status"] != "InProgress":
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert told["Status"] == "Success", told["StandardErrorContent"]


def release_of(world: World, ledger: str, version: str) -> Json:
    """A release of that version on record, with the service's image."""
    image = replace(MachineImage.from_json(seed(world, version)), image_id=ledger)
    catalogue = ImageCatalogue(world.client("ec2"))
    tags = {"slipway:deb-sha256": ""}
    known_images(catalogue, REGION).note(ledger, tags, image.release)
    return image.to_json()
