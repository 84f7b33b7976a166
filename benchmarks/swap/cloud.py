"""An embedded cloud of the benchmark's own, with an environment and a machine image in it."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3

from benchmarks.swap import app
from include.localcloud.infrastructure import lay_environment, lay_network

ROOT = Path(__file__).resolve().parents[2]
INSTALLATION, PORT, LISTENER, REGION = "bench-swap", 4626, 18626, "eu-west-1"
ENDPOINT = f"http://127.0.0.1:{PORT}"
PROJECT, ENVIRONMENT = "bench", "swap"
TARGET_GROUP = f"{PROJECT}-{ENVIRONMENT}"
# Seconds. The drain is longer than the longest request of the load, as it has to be anywhere.
CHECK_INTERVAL, DRAIN = 1.0, 8
_FILES = {
    "/opt/web.py": Path(app.__file__).read_text(),
    "/etc/systemd/system/multi-user.target.d/web.conf": "[Unit]\nWants=web.service\n",
    str(app.INSTANCE): "SLIPWAY_VERSION=bad-builder\n",
}


def client(service: str) -> Any:
    """Return a client of the cloud."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106
    )


@contextlib.contextmanager
def cloud() -> Iterator[None]:
    """Serve an environment until the block ends, then remove everything."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        home = Path(folder)
        process = _start(home)
        try:
            until(lambda: (home / "cloud.json").exists() or process.poll() is not None, seconds=60)
            if process.poll() is not None:
                sys.exit((home / "cloud.log").read_text()[-2000:])
            _lay()
            yield
        finally:
            process.terminate()
            process.wait(timeout=90)


def _start(home: Path) -> subprocess.Popen[bytes]:
    with (home / "cloud.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own program
            [
                sys.executable,
                "-m",
                "include.localcloud",
                "serve",
                "--home",
                str(home),
                "--installation",
                INSTALLATION,
                "--port",
                str(PORT),
                "--region",
                REGION,
            ],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _lay() -> None:
    lay_network(endpoint=ENDPOINT, region=REGION)
    lay_environment(
        endpoint=ENDPOINT,
        region=REGION,
        project=PROJECT,
        environment=ENVIRONMENT,
        listener_port=LISTENER,
        app_port=app.PORT,
        health_path=app.HEALTH,
        database_url=None,
    )
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": str(DRAIN)}
    client("elbv2").modify_target_group_attributes(
        TargetGroupArn=target_group(), Attributes=[delay]
    )


def target_group() -> str:
    """Return the ARN of the environment's target group."""
    return str(
        client("elbv2").describe_target_groups(Names=[TARGET_GROUP])["TargetGroups"][0][
            "TargetGroupArn"
        ]
    )


def healthy_in_service(elbv2: Any, arn: str) -> int:
    """Count the targets that the balancer calls healthy."""
    told = elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return [one["TargetHealth"]["State"] for one in told].count("healthy")


def bake(start: float) -> str:
    """Return an image of a machine with the service in it.

    :param start: seconds that the service takes before it listens.
    """
    ec2 = client("ec2")
    unit = f"[Service]\nExecStart=/usr/bin/python3 /opt/web.py {start}\n"
    every = _FILES | {"/etc/systemd/system/web.service": unit}
    files = [{"path": path, "content": content} for path, content in every.items()]
    data = "#cloud-config\n" + json.dumps({"write_files": files})
    names = [{"Name": "name", "Values": ["debian-12-amd64-slipway"]}]
    seed = ec2.describe_images(Owners=["self"], Filters=names)["Images"][0]["ImageId"]
    builder = _run(ec2, seed, data, 1)[0]
    ec2.get_waiter("instance_running").wait(InstanceIds=[builder], WaiterConfig={"Delay": 1})
    image = str(ec2.create_image(InstanceId=builder, Name="web")["ImageId"])
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
    ec2.terminate_instances(InstanceIds=[builder])
    return image


@contextlib.contextmanager
def bare_machines(ec2: Any, image: str, data: str, count: int) -> Iterator[list[str]]:
    """Launch machines of no group, give their names, and terminate them.

    :param data: user data, in base64.
    """
    names = _run(ec2, image, base64.b64decode(data).decode(), count)
    try:
        yield names
    finally:
        ec2.terminate_instances(InstanceIds=names)


def _run(ec2: Any, image: str, data: str, count: int) -> list[str]:
    made = ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count, UserData=data)
    return [str(one["InstanceId"]) for one in made["Instances"]]


def until(condition: Callable[[], Any], *, seconds: float, every: float = 0.02) -> None:
    """Wait for something to be true.

    :param every: seconds between two looks.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"still not so after {seconds} s")
        time.sleep(every)
