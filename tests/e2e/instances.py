"""Machines of the embedded cloud that boot from an image, and what a test does on one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.cloud_process import REGION
from tests.e2e.conftest import INSTALLATION, World

Boot = Callable[[str], "Machine"]


class Machine:
    """One instance of an image."""

    def __init__(self, world: World, instance: str, address: str) -> None:
        self.address = address
        self.container = world.docker.containers.get(f"slipway-cloud-{INSTALLATION}-{instance}")

    def sh(self, line: str, *, user: str = "root") -> str:
        """Run a command line, and return what it wrote."""
        output: Any = self.container.exec_run(["sh", "-c", line], user=user).output
        return str(output, "utf-8")

    def environment(self, pid: str) -> list[str]:
        """Return a process's variables; root on a machine may not look into those of others."""
        owner = self.sh(f"stat -c %u /proc/{pid}").strip()
        return self.sh(f"cat /proc/{pid}/environ", user=owner).split("\0")


def user_data(project: str, version: str) -> str:
    """Return what a launch would tell the machine.

    :param project: whose environment ``dev`` it belongs to.
    :param version: of the release.
    """
    instance = (
        f"SLIPWAY_PROJECT={project}\nSLIPWAY_ENVIRONMENT=dev\n"
        f"SLIPWAY_VERSION={version}\nAWS_REGION={REGION}\n"
    )
    file = {"path": "/etc/slipway/instance.env", "content": instance, "permissions": "0644"}
    return "#cloud-config\n" + json.dumps({"write_files": [file]})


@contextmanager
def booting(world: World, data: str) -> Iterator[Boot]:
    """Give what boots an image, and take away what it booted.

    :param world: the cloud.
    :param data: what the machines are told.
    """
    ec2, ids = world.client("ec2"), []

    def start(image: str) -> Machine:
        (one,) = ec2.run_instances(
            ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.micro", UserData=data
        )["Instances"]
        ids.append(one["InstanceId"])
        ec2.get_waiter("instance_running").wait(
            InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        return Machine(world, one["InstanceId"], one["PrivateIpAddress"])

    yield start
    if ids:
        ec2.terminate_instances(InstanceIds=ids)
