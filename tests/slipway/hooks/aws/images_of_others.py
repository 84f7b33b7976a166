"""Images in moto, one's own and others'."""

from __future__ import annotations

from tests.slipway.fleet.moto_cloud import client

TAGS = {"slipway:layer": "app", "slipway:project": "shop"}


MINE = "mine-1234"


def bake(name: str, **more: str) -> str:
    """Make an image as Packer does: its disks carry its tags."""
    ec2 = client("ec2")
    base = ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    machine = ec2.run_instances(ImageId=base, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    made = ec2.create_image(InstanceId=machine, Name=f"shop-{name}")["ImageId"]
    ec2.terminate_instances(InstanceIds=[machine])
    tags = {
        **TAGS,
        "slipway:version": name,
        "slipway:base-image": "ami-base",
        "slipway:installation": MINE,
        **{key.replace("__", ":"): more[key] for key in more},
    }
    pairs = [{"Key": key, "Value": value} for key, value in tags.items() if value]
    ec2.create_tags(Resources=[made, *disks_of(made)], Tags=pairs)
    return str(made)


def disks_of(image: str) -> list[str]:
    (found,) = client("ec2").describe_images(ImageIds=[image])["Images"]
    return [disk["Ebs"]["SnapshotId"] for disk in found["BlockDeviceMappings"]]


def disks() -> set[str]:
    ours = [{"Name": "tag:slipway:layer", "Values": ["app"]}]
    found = client("ec2").describe_snapshots(OwnerIds=["self"], Filters=ours)["Snapshots"]
    return {one["SnapshotId"] for one in found}
