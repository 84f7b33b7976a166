"""The embedded cloud that all cases share, with an environment for each that runs beside others."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3

from include.localcloud.landscape import lay_environment, lay_network
from slipway.hooks.fleet_lease import FleetLease

ROOT = Path(__file__).resolve().parents[2]
INSTALLATION, REGION, PROJECT = "test-faults", "eu-west-1", "shop"
PORT, FIRST_LISTENER, APP_PORT = 4616, 18616, 8000
ENDPOINT = f"http://127.0.0.1:{PORT}"
# Serves the version that its launch gave it; a release called bad is never healthy.
_SERVER = """\
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
with open("/etc/slipway/instance.env") as file:
    said = dict(line.strip().split("=", 1) for line in file)["SLIPWAY_VERSION"].encode()
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if said.startswith(b"bad") else 200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""
_NEVER = "[Unit]\nConditionPathExists=/nowhere\n"
_FILES = {
    "/opt/web.py": _SERVER,
    "/etc/systemd/system/web.service": "[Service]\nExecStart=/usr/bin/python3 /opt/web.py\n",
    "/etc/systemd/system/multi-user.target.d/web.conf": "[Unit]\nWants=web.service\n",
    "/etc/slipway/instance.env": "SLIPWAY_VERSION=bad-builder\n",
    # Nobody logs in, and making keys takes longer than all the rest of a boot.
    "/etc/systemd/system/ssh-host-keys.service.d/none.conf": _NEVER,
    "/etc/systemd/system/ssh.service.d/none.conf": _NEVER,
}


_CLIENTS: dict[str, Any] = {}
_MAKING = threading.Lock()


def client(service: str) -> Any:
    """Return a client that goes past every proxy; threads may share it, but not its making."""
    make: Any = boto3.client
    with _MAKING:
        if service not in _CLIENTS:
            _CLIENTS[service] = make(
                service, endpoint_url=ENDPOINT, region_name=REGION, aws_access_key_id="x",
                aws_secret_access_key="y",
            )  # fmt: skip
        return _CLIENTS[service]


def lease_name(environment: str) -> str:
    """Return the name of the parameter that is an environment's lease."""
    return FleetLease(client, project=PROJECT, environment=environment, owner="").name


def until(condition: Callable[[], Any], *, seconds: float) -> Any:
    """Wait for something to be true, and return it; what it was last when the time is over."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return value


@contextlib.contextmanager
def running_cloud(home: Path) -> Iterator[None]:
    """Serve until the block ends; everything of it is removed then."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "cloud.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "include.localcloud", "serve", "--home", str(home),
             "--installation", INSTALLATION, "--port", str(PORT), "--region", REGION],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'plugins'}"},
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        until(lambda: (home / "cloud.json").exists() or process.poll() is not None, seconds=60)
        if not (home / "cloud.json").exists():
            msg = f"the embedded cloud did not start: {(home / 'cloud.log').read_text()[-2000:]}"
            raise RuntimeError(msg)
        lay_network(endpoint=ENDPOINT, region=REGION)
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def lay(environment: str, listener: int) -> str:
    """Make an environment, and return its target group's ARN."""
    lay_environment(
        endpoint=ENDPOINT, region=REGION, project=PROJECT, environment=environment,
        listener_port=listener, app_port=APP_PORT, health_path="/", database_url=None,
    )  # fmt: skip
    name = f"{PROJECT}-{environment}"
    arn = str(
        client("elbv2").describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]
    )
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "1"}
    client("elbv2").modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
    return arn


def make_image() -> str:
    """Make an image of a machine on which a small web server was installed."""
    ec2 = client("ec2")
    files = [{"path": path, "content": content} for path, content in _FILES.items()]
    data = "#cloud-config\n" + json.dumps({"write_files": files})
    named = [{"Name": "name", "Values": ["debian-12-amd64-slipway"]}]
    seed = ec2.describe_images(Owners=["self"], Filters=named)["Images"][0]["ImageId"]
    builder = ec2.run_instances(ImageId=seed, MinCount=1, MaxCount=1, UserData=data)["Instances"][
        0
    ]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[builder], WaiterConfig={"Delay": 1})
    image = str(ec2.create_image(InstanceId=builder, Name="web")["ImageId"])
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
    ec2.terminate_instances(InstanceIds=[builder])
    return image
