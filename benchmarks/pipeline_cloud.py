"""The cloud's part of pipeline.sh: one call after the other, as a shell script would."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3

PROJECT, ENVIRONMENT = "bench", "dev"
ENDPOINT, REGION = "http://127.0.0.1:4566", "eu-west-1"
CLOUD = Path(__file__).resolve().parents[1] / ".slipway" / "cloud" / "cloud.json"


def client(service: str) -> Any:
    """Return a client of the demo's cloud."""
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=ENDPOINT,
        region_name=REGION,
        aws_access_key_id="embedded",
        aws_secret_access_key="embedded",  # noqa: S106
    )


def group(version: str) -> str:
    """Name the version's server group."""
    return f"bench-{version.replace('+', '-')}"


def bake_files(folder: str, version: str, base: str) -> None:
    """Write the variables of Packer and Ansible."""
    work, ec2 = Path(folder), client("ec2")
    gateway = json.loads(CLOUD.read_text())["gateway"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    security = ec2.describe_security_groups(GroupNames=["slipway-app"])["SecurityGroups"][0]
    variables = {
        "bake": group(version),
        "image_name": group(version),
        "source_ami": base,
        "region": REGION,
        "endpoint": ENDPOINT,
        "subnet_id": subnet,
        "security_group_id": security["GroupId"],
        "tags": {"Name": group(version)},
        "playbook": "/work/ansible/site.yml",
        "variables": "/work/variables.json",
    }
    (work / "bake.pkrvars.json").write_text(json.dumps(variables))
    (deb,) = work.glob("*.deb")
    settings = {
        "app_sha256": hashlib.sha256(deb.read_bytes()).hexdigest(),
        "app_package": "guestbook",
        "app_version": version,
        "app_unit": "guestbook.service",
        "app_config": {"GUESTBOOK_PORT": "8000"},
        "app_repository_url": f"{gateway}/slipway-apt/bench",
        "app_repository_distribution": "stable",
        "app_repository_component": "main",
        "app_repository_key": (work / "key.asc").read_text(),
    }
    (work / "variables.json").write_text(json.dumps(settings))
    (work / "begin").write_text("yes\n")


def launch(_: str, version: str) -> None:
    """Make a launch template and a group of two machines."""
    ec2 = client("ec2")
    names = [{"Name": "name", "Values": [group(version)]}]
    image = ec2.describe_images(Owners=["self"], Filters=names)["Images"][0]["ImageId"]
    security = ec2.describe_security_groups(GroupNames=["slipway-app"])["SecurityGroups"][0]
    content = (
        f"SLIPWAY_PROJECT={PROJECT}\nSLIPWAY_ENVIRONMENT={ENVIRONMENT}\n"
        f"SLIPWAY_VERSION={version}\nAWS_REGION={REGION}\n"
    )
    files = {"write_files": [{"path": "/etc/slipway/instance.env", "content": content}]}
    ec2.create_launch_template(
        LaunchTemplateName=group(version),
        LaunchTemplateData={
            "ImageId": image,
            "InstanceType": "t3.micro",
            "SecurityGroupIds": [security["GroupId"]],
            "UserData": base64.b64encode(f"#cloud-config\n{json.dumps(files)}".encode()).decode(),
        },
    )
    subnets = ",".join(one["SubnetId"] for one in ec2.describe_subnets()["Subnets"])
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=group(version),
        MinSize=2,
        MaxSize=4,
        DesiredCapacity=2,
        LaunchTemplate={"LaunchTemplateName": group(version), "Version": "1"},
        VPCZoneIdentifier=subnets,
    )


def healthy(version: str) -> None:
    """Wait until both machines answer."""
    while not all(_answers(address) for address in _addresses(version)):
        time.sleep(0.5)


def attach(version: str) -> None:
    """Let the group into the load balancer."""
    client("autoscaling").attach_load_balancer_target_groups(
        AutoScalingGroupName=group(version), TargetGroupARNs=[_target_group()]
    )


def in_service(version: str) -> None:
    """Wait until the load balancer has both in service."""
    while True:
        health = client("elbv2").describe_target_health(TargetGroupArn=_target_group())
        states = [one["TargetHealth"]["State"] for one in health["TargetHealthDescriptions"]]
        if states.count("healthy") >= len(_addresses(version)):
            return
        time.sleep(0.5)


def remove(version: str) -> None:
    """Clear everything away."""
    client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=group(version), ForceDelete=True
    )
    client("ec2").delete_launch_template(LaunchTemplateName=group(version))


def _addresses(version: str) -> list[str]:
    filters = [{"Name": "tag:aws:autoscaling:groupName", "Values": [group(version)]}]
    found = client("ec2").describe_instances(Filters=filters)["Reservations"]
    addresses = [i["PrivateIpAddress"] for r in found for i in r["Instances"]]
    return addresses if len(addresses) >= 2 else ["0.0.0.0"]  # noqa: S104 - not there yet


def _answers(address: str) -> bool:
    try:
        url = f"http://{address}:8000/healthz"
        with urllib.request.urlopen(url, timeout=3) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _target_group() -> str:
    groups = client("elbv2").describe_target_groups(Names=["bench-dev"])["TargetGroups"]
    return str(groups[0]["TargetGroupArn"])


COMMANDS: dict[str, Any] = {
    "bake-files": bake_files,
    "launch": launch,
    "healthy": healthy,
    "attach": attach,
    "in-service": in_service,
    "remove": remove,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
