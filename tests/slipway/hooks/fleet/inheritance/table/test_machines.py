"""What a successor's machines are made from, and what AWS says to that."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.validate import ParamValidator

from slipway.hooks.fleet.inheritance.part import Passes
from slipway.hooks.fleet.inheritance.table import TABLE
from slipway.hooks.fleet.inherited_machines import Successor, succeed
from slipway.hooks.fleet.launch_templates import template_data
from slipway.hooks.fleet.live_machines import of_configuration
from tests.slipway.fleet.moto_cloud import launch
from tests.slipway.hooks.fleet.inheritance.table.shapes import shape_of

IMAGE = {
    "ImageId": "ami-1",
    "RootDeviceName": "/dev/xvda",
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "VolumeType": "gp2"}}
    ],
}
OLD = {
    "ImageId": "ami-0",
    "RootDeviceName": "/dev/sda1",
    "BlockDeviceMappings": [
        {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8, "VolumeType": "gp3"}}
    ],
}


def _succeed(live: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"image": IMAGE, "old_image": OLD, "mixed": False}
    wanted = launch("2", image_id="ami-1", **more.pop("launch", {}))
    data = template_data(wanted, IMAGE, ["sg-1"])
    return succeed(Successor(data=data, **(fields | more)), live)


FULL: dict[str, Any] = {
    "KernelId": "k",
    "EbsOptimized": True,
    "IamInstanceProfile": {"Name": "old"},
    "ImageId": "ami-0",
    "InstanceType": "t3.micro",
    "KeyName": "ops",
    "Monitoring": {"Enabled": True},
    "UserData": "eA==",
    "Placement": {"AvailabilityZone": "a", "GroupName": "near", "Tenancy": "dedicated"},
    "DisableApiTermination": True,
    "DisableApiStop": True,
    "InstanceInitiatedShutdownBehavior": "terminate",
    "SecurityGroupIds": ["sg-0"],
    "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.1"}},
    "CreditSpecification": {"CpuCredits": "unlimited"},
    "CpuOptions": {"CoreCount": 1, "ThreadsPerCore": 1},
    "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
    "LicenseSpecifications": [{"LicenseConfigurationArn": "arn:l"}],
    "HibernationOptions": {"Configured": True},
    "EnclaveOptions": {"Enabled": True},
    "MetadataOptions": {
        "State": "applied",
        "HttpTokens": "optional",
        "HttpPutResponseHopLimit": 3,
        "HttpEndpoint": "disabled",
        "HttpProtocolIpv6": "enabled",
        "InstanceMetadataTags": "disabled",
    },
    "PrivateDnsNameOptions": {"HostnameType": "resource-name"},
    "MaintenanceOptions": {"AutoRecovery": "disabled"},
    "NetworkPerformanceOptions": {"BandwidthWeighting": "vpc-1"},
    "NetworkInterfaces": [
        {
            "DeviceIndex": 0,
            "AssociatePublicIpAddress": True,
            "Ipv6AddressCount": 2,
            "Groups": ["sg-0"],
            "SubnetId": "subnet-0",
            "PrivateIpAddress": "10.0.0.9",
            "Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.0/28"}],
        },
        {"DeviceIndex": 1, "Groups": ["sg-9"]},
    ],
    "BlockDeviceMappings": [
        {
            "DeviceName": "/dev/sda1",
            "Ebs": {
                "VolumeSize": 100,
                "VolumeType": "gp3",
                "Iops": 6000,
                "KmsKeyId": "key",
                "DeleteOnTermination": False,
                "Encrypted": False,
            },
        },
        {
            "DeviceName": "/dev/sdf",
            "Ebs": {
                "SnapshotId": "snap-1",
                "VolumeSize": 50,
                "DeleteOnTermination": False,
                "Throughput": 250,
                "VolumeType": "gp3",
            },
        },
        {"DeviceName": "/dev/sdg", "VirtualName": "ephemeral0"},
    ],
    "TagSpecifications": [
        {
            "ResourceType": "instance",
            "Tags": [{"Key": "a", "Value": "1"}, {"Key": "Name", "Value": "x"}],
        },
        {"ResourceType": "network-interface", "Tags": [{"Key": "b", "Value": "2"}]},
    ],
}


@pytest.mark.parametrize("mixed", [False, True])
def test_aws_takes_what_a_successor_is_made_from(mixed: bool) -> None:
    shape = shape_of("ec2", "RequestLaunchTemplateData")
    report = ParamValidator().validate(_succeed(FULL, mixed=mixed), shape)
    assert not report.has_errors(), report.generate_report()


def test_the_release_and_the_project_file_say_what_a_machine_is() -> None:
    data = _succeed(FULL)
    assert (data["ImageId"], data["UserData"], data["InstanceType"]) == ("ami-1", "", "t3.micro")
    assert "IamInstanceProfile" not in data
    assert "KernelId" not in data
    [first] = data["NetworkInterfaces"]
    assert first["Groups"] == ["sg-1"]
    assert not {"PrivateIpAddress", "SubnetId", "Ipv4Prefixes"} & set(first)


def test_machines_keep_to_version_2_of_the_metadata_service() -> None:
    assert _succeed(FULL)["MetadataOptions"] == {
        "HttpTokens": "required",
        "HttpPutResponseHopLimit": 3,
        "HttpProtocolIpv6": "enabled",
    }


def test_the_root_volume_is_as_large_and_fast_as_it_was_and_under_its_new_name() -> None:
    disks = {one["DeviceName"]: one.get("Ebs") for one in _succeed(FULL)["BlockDeviceMappings"]}
    assert disks["/dev/xvda"] == {
        "VolumeSize": 100,
        "VolumeType": "gp3",
        "Iops": 6000,
        "KmsKeyId": "key",
        "Encrypted": True,
        "DeleteOnTermination": True,
    }
    assert disks["/dev/sdf"] == {
        "SnapshotId": "snap-1",
        "VolumeSize": 50,
        "DeleteOnTermination": False,
        "Throughput": 250,
        "VolumeType": "gp3",
        "Encrypted": True,
    }
    assert set(disks) == {"/dev/xvda", "/dev/sdf", "/dev/sdg"}


def test_what_the_old_image_said_by_itself_is_not_kept_for_good() -> None:
    """Else a fleet would keep the first image's kind of disk through all releases."""
    [root] = _succeed({"BlockDeviceMappings": OLD["BlockDeviceMappings"]})["BlockDeviceMappings"]
    assert (root["Ebs"]["VolumeSize"], root["Ebs"]["VolumeType"]) == (8, "gp2")


def test_a_volume_is_never_smaller_than_its_image() -> None:
    small = {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 4}}]}
    [root] = _succeed(small)["BlockDeviceMappings"]
    assert root["Ebs"]["VolumeSize"] == 8


@pytest.mark.parametrize(
    ("old", "new", "credits", "cpu"),
    [
        ("t3.micro", "t3.micro", True, True),
        ("t3.micro", "t3.large", True, False),
        ("m5.large", "t3.micro", False, False),
        ("t3.micro", "m5.large", False, False),
    ],
)
def test_what_belongs_to_a_type_stays_with_it(old: str, new: str, credits: bool, cpu: bool) -> None:
    data = _succeed({**FULL, "InstanceType": old}, launch={"instance_type": new})
    assert ("CreditSpecification" in data, "CpuOptions" in data) == (credits, cpu)


def test_a_mix_by_requirements_has_no_type() -> None:
    live = {**FULL, "InstanceRequirements": {"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 4096}}}
    data = _succeed(live, mixed=True)
    assert "InstanceType" not in data
    assert "InstanceMarketOptions" not in data, "the policy says what is spot"
    assert _succeed(live)["InstanceType"] == "t3.micro"


OF_MACHINES = [part.name for part in TABLE if part.passes is Passes.MACHINES]


@pytest.mark.parametrize("name", OF_MACHINES)
def test_each_part_of_a_machine_can_be_dropped(name: str) -> None:
    assert _succeed(FULL, drop=frozenset({name})) != _succeed(FULL)


def test_a_launch_configuration_is_read_as_a_template() -> None:
    data = of_configuration(
        {
            "LaunchConfigurationName": "lc",
            "KeyName": "ops",
            "SecurityGroups": ["sg-0"],
            "InstanceMonitoring": {"Enabled": True},
            "SpotPrice": "0.2",
            "KernelId": "",
            "IamInstanceProfile": "arn:aws:iam::1:instance-profile/x",
            "AssociatePublicIpAddress": False,
            "PlacementTenancy": "dedicated",
            "RamdiskId": "r",
        }
    )
    assert data == {
        "KeyName": "ops",
        "SecurityGroupIds": ["sg-0"],
        "Monitoring": {"Enabled": True},
        "InstanceMarketOptions": {
            "MarketType": "spot",
            "SpotOptions": {"MaxPrice": "0.2", "SpotInstanceType": "one-time"},
        },
        "IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/x"},
        "NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": False}],
        "Placement": {"Tenancy": "dedicated"},
        "RamDiskId": "r",
    }
