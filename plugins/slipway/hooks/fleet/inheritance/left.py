"""What the next server group does not get from the live one: it is configured, or lost."""

from __future__ import annotations

from slipway.hooks.fleet.inheritance.part import Part, Passes

LEFT: tuple[Part, ...] = (
    Part(
        name="size",
        what="number of machines",
        passes=Passes.PROJECT,
        group=("MinSize", "MaxSize", "DesiredCapacity", "PredictedCapacity"),
        how="`size` for the first group; later as many as serve at that moment",
    ),
    Part(
        name="image",
        what="machine image, kernel",
        passes=Passes.PROJECT,
        template=("ImageId", "KernelId", "RamDiskId"),
        how="the release's own",
    ),
    Part(
        name="instance_type",
        what="instance type",
        passes=Passes.PROJECT,
        template=("InstanceType",),
        how="`instance.type`",
    ),
    Part(
        name="security_groups",
        what="security groups",
        passes=Passes.PROJECT,
        template=("SecurityGroupIds", "SecurityGroups"),
        how="`instance.security_groups`",
    ),
    Part(
        name="profile",
        what="instance profile",
        passes=Passes.PROJECT,
        template=("IamInstanceProfile",),
        how="`instance.profile`",
    ),
    Part(
        name="subnets",
        what="subnets",
        passes=Passes.PROJECT,
        group=("VPCZoneIdentifier", "AvailabilityZones", "AvailabilityZoneIds"),
        how="`instance.subnets`; a group of Slipway's that was moved by hand stays where it is",
    ),
    Part(
        name="user_data",
        what="user data",
        passes=Passes.LOST,
        template=("UserData",),
        how="what it did belongs into the package, its unit, or `package.config`",
    ),
    Part(
        name="old_metadata",
        what="version 1 of the metadata service, or none of it",
        passes=Passes.LOST,
        how="machines take version 2 alone, and read their secrets with its credentials",
    ),
    Part(
        name="fixed_network",
        what="further network interfaces, fixed addresses and interfaces",
        passes=Passes.LOST,
        template=("SecondaryInterfaces",),
        how="no setting: one address cannot be every machine's; attach them in a lifecycle hook",
    ),
    Part(
        name="kept_root",
        what="a root volume that outlives its machine",
        passes=Passes.LOST,
        how="no setting: machines are replaced with each release; keep data on a further volume",
    ),
    Part(
        name="accelerators",
        what="elastic graphics and inference",
        passes=Passes.LOST,
        template=("ElasticGpuSpecifications", "ElasticInferenceAccelerators"),
        how="AWS has ended both: choose an `instance.type` that has them",
    ),
    Part(
        name="deletion_protection",
        what="deletion protection of the group",
        passes=Passes.LOST,
        group=("DeletionProtection",),
        how="no setting: Slipway deletes the groups that it made",
    ),
    Part(
        name="managed_hooks",
        what="lifecycle hooks of CodeDeploy or ECS",
        passes=Passes.LOST,
        how="each serves the groups that it was told of, and others' machines would wait for it in "
        "vain; take the group out of the deployment group, and let Slipway deploy",
    ),
    Part(
        name="operator",
        what="a service of AWS that manages the group",
        passes=Passes.LOST,
        template=("Operator",),
        group=("Operator",),
        how="no setting: one group has one owner",
    ),
)
