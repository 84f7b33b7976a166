"""What a swap has no business to change."""

from __future__ import annotations

from tests.faults.cloud import client


def untouched() -> dict[str, tuple[str, ...]]:
    """List the key pairs, security groups, images, snapshots and volumes without a machine."""
    ec2 = client("ec2")
    loose = [{"Name": "status", "Values": ["available"]}]
    found = {
        "key pairs": [one["KeyPairId"] for one in ec2.describe_key_pairs()["KeyPairs"]],
        "security groups": [
            one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]
        ],
        "images": [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]],
        "snapshots": [
            one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        ],
        "volumes": [one["VolumeId"] for one in ec2.describe_volumes(Filters=loose)["Volumes"]],
    }
    return {kind: tuple(sorted(names)) for kind, names in found.items()}
