"""An embedded cloud of the tests' own, and what the tests ask of it."""

from __future__ import annotations

import base64
import ipaddress
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import docker

from tests.cloud_process import REGION
from tests.lanes import own, port
from tests.repeating import Repeating

INSTALLATION, PORT = own("test-cloud"), port(4577)
ENDPOINT = f"http://127.0.0.1:{PORT}"
# Seconds between two questions of one visitor.
_PAUSE = 0.01


def client(service: str) -> Any:
    """Return a client of the cloud's API."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def vpc() -> ipaddress.IPv4Network:
    """Return the addresses that the cloud chose."""
    [found] = client("ec2").describe_vpcs()["Vpcs"]
    return ipaddress.IPv4Network(found["CidrBlock"])


def until(condition: Callable[[], Any], *, seconds: float) -> Any:
    """Wait for something to be true, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            msg = f"still not so after {seconds} s"
            raise TimeoutError(msg)
        time.sleep(0.1)
    return value


def instance(instance_id: str) -> dict[str, Any]:
    """Return what DescribeInstances says of it."""
    answer = client("ec2").describe_instances(InstanceIds=[instance_id])
    found: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
    return found


def wait_for_state(instance_id: str, state: str) -> dict[str, Any]:
    """Wait until the instance is in that state."""
    until(lambda: instance(instance_id)["State"]["Name"] == state, seconds=30)
    return instance(instance_id)


def ssh(key: Path, address: str, line: str) -> str:
    """Run a command line on a machine that may still be booting."""
    argv = [
        "ssh",
        "-i",
        str(key),
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
        "-oLogLevel=ERROR",
        "-oBatchMode=yes",
        "-oConnectTimeout=2",
        f"admin@{address}",
        line,
    ]

    def attempt() -> subprocess.CompletedProcess[str] | None:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return None if done.returncode == 255 else done

    done: subprocess.CompletedProcess[str] = until(attempt, seconds=30)
    return done.stdout


def web_server(answer: str) -> str:
    """Return user data, in base64, of a machine that answers every GET on port 8000."""
    text = f"""#cloud-config
write_files:
- path: /etc/systemd/system/web.service
  content: |
    [Service]
    ExecStart=/usr/bin/python3 /opt/web.py
- path: /etc/systemd/system/multi-user.target.d/web.conf
  content: |
    [Unit]
    Wants=web.service
- path: /opt/web.py
  content: |
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "{len(answer)}")
            self.end_headers()
            self.wfile.write(b"{answer}")
    ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""
    return base64.b64encode(text.encode()).decode()


def leftovers() -> list[str]:
    """Return the names of everything in Docker that belongs to the tests' cloud."""
    api: Any = docker.from_env()
    labels = {"label": f"slipway.installation={INSTALLATION}"}
    found = [one.name for one in api.containers.list(all=True, filters=labels)]
    found += [one.name for one in api.networks.list(filters=labels)]
    found += [tag for one in api.images.list(f"slipway-cloud/{INSTALLATION}") for tag in one.tags]
    api.close()
    return found


class Load(Repeating):
    """Asks the load balancer without a pause, and remembers what it answered."""

    def __init__(self, port: int) -> None:
        super().__init__((self._ask, _PAUSE), (self._ask, _PAUSE))
        self._url = f"http://127.0.0.1:{port}/"
        self.answers: list[str] = []
        self.failures: list[str] = []

    def _ask(self) -> None:
        try:
            with urllib.request.urlopen(self._url, timeout=10) as answer:
                self.answers.append(answer.read().decode())
        except (urllib.error.URLError, OSError) as error:
            self.failures.append(repr(error))
