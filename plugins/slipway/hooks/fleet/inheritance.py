"""What hangs on a live server group, and what becomes of each part of it in the next one.

The table is complete: a test compares it with everything that AWS describes of a group, a launch
template and a launch configuration, and another with what the documentation says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Passes(StrEnum):
    """When, or whether, the next group has a thing."""

    MACHINES = "with its machines"
    GROUP = "with the group"
    START = "directly after the group is made"
    TRAFFIC = "together with the traffic"
    RULES = "before the old group leaves the balancer"
    PROJECT = "the project file says it"
    LOST = "no"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One row of the table.

    :param name: by which the project file drops it, if it does.
    :param what: in words.
    :param how: its condition, or what to set in its place.
    :param template: fields of a launch template's data.
    :param group: fields of a group, as Auto Scaling describes it.
    """

    name: str
    what: str
    passes: Passes
    how: str = ""
    template: tuple[str, ...] = ()
    group: tuple[str, ...] = ()

    @property
    def droppable(self) -> bool:
        """The project file may say that successors do not get it."""
        return self.passes not in (Passes.PROJECT, Passes.LOST)


_SAME_TYPE = "only while the instance type stays the same"
_PEOPLE = "change it on the live group"
TABLE: tuple[Part, ...] = (
    Part(
        name="mixed_instances",
        what="mixed instances policy, weights, spot share",
        passes=Passes.GROUP,
        template=("InstanceRequirements",),
        group=("MixedInstancesPolicy", "DesiredCapacityType"),
        how="its types go before `instance.type`; not those of another architecture, nor those "
        "with a launch template or image of their own",
    ),
    Part(
        name="spot",
        what="spot without a mixed instances policy",
        passes=Passes.MACHINES,
        template=("InstanceMarketOptions",),
    ),
    Part(name="key_pair", what="key pair", passes=Passes.MACHINES, template=("KeyName",)),
    Part(
        name="monitoring",
        what="detailed monitoring",
        passes=Passes.MACHINES,
        template=("Monitoring",),
    ),
    Part(
        name="credits",
        what="credit specification (CPU credits)",
        passes=Passes.MACHINES,
        template=("CreditSpecification",),
        how="only between burstable types",
    ),
    Part(
        name="type_options",
        what="EBS optimisation, CPU options, enclaves, hibernation, bandwidth",
        passes=Passes.MACHINES,
        how=_SAME_TYPE,
        template=(
            "EbsOptimized",
            "CpuOptions",
            "EnclaveOptions",
            "HibernationOptions",
            "NetworkPerformanceOptions",
        ),
    ),
    Part(
        name="placement",
        what="placement group, tenancy, dedicated host",
        passes=Passes.MACHINES,
        template=("Placement",),
        group=("PlacementGroup",),
        how="the zone is the subnet's",
    ),
    Part(
        name="capacity_reservation",
        what="capacity reservation",
        passes=Passes.MACHINES,
        template=("CapacityReservationSpecification",),
        group=("CapacityReservationSpecification",),
    ),
    Part(
        name="licenses",
        what="license configurations",
        passes=Passes.MACHINES,
        template=("LicenseSpecifications",),
    ),
    Part(
        name="protection",
        what="protection against being stopped or terminated by hand",
        passes=Passes.MACHINES,
        template=("DisableApiTermination", "DisableApiStop"),
    ),
    Part(
        name="shutdown",
        what="what a shutdown from within does",
        passes=Passes.MACHINES,
        template=("InstanceInitiatedShutdownBehavior",),
    ),
    Part(
        name="dns_names",
        what="kind of the machines' host names",
        passes=Passes.MACHINES,
        template=("PrivateDnsNameOptions",),
    ),
    Part(
        name="recovery",
        what="automatic recovery",
        passes=Passes.MACHINES,
        template=("MaintenanceOptions",),
    ),
    Part(
        name="volumes",
        what="size, type, speed and key of the root volume, and further volumes",
        passes=Passes.MACHINES,
        template=("BlockDeviceMappings",),
        how="encrypted in any case; as far as they differ from what the live group's own image "
        "says, and never smaller than the new image's",
    ),
    Part(
        name="network",
        what="public address, IPv6 and prefixes, kind of the first network interface",
        passes=Passes.MACHINES,
        template=("NetworkInterfaces",),
        how="with the security groups of the project file",
    ),
    Part(
        name="metadata",
        what="hop limit and IPv6 of the metadata service",
        passes=Passes.MACHINES,
        template=("MetadataOptions",),
    ),
    Part(
        name="machine_tags",
        what="tags of the launch template",
        passes=Passes.MACHINES,
        template=("TagSpecifications",),
        how="of machines, volumes and interfaces",
    ),
    Part(
        name="tags",
        what="tags of the group, propagated or not",
        passes=Passes.GROUP,
        group=("Tags",),
        how="all but `Name` and Slipway's own",
    ),
    Part(
        name="termination_policies",
        what="termination policies",
        passes=Passes.GROUP,
        group=("TerminationPolicies",),
    ),
    Part(name="cooldown", what="default cooldown", passes=Passes.GROUP, group=("DefaultCooldown",)),
    Part(
        name="warm_up",
        what="default instance warm-up",
        passes=Passes.GROUP,
        group=("DefaultInstanceWarmup",),
    ),
    Part(
        name="max_lifetime",
        what="maximum instance lifetime",
        passes=Passes.GROUP,
        group=("MaxInstanceLifetime",),
    ),
    Part(
        name="capacity_rebalance",
        what="capacity rebalancing",
        passes=Passes.GROUP,
        group=("CapacityRebalance",),
    ),
    Part(
        name="scale_in_protection",
        what="protection of new machines from scale-in",
        passes=Passes.GROUP,
        group=("NewInstancesProtectedFromScaleIn",),
    ),
    Part(
        name="maintenance_policy",
        what="instance maintenance policy",
        passes=Passes.GROUP,
        group=("InstanceMaintenancePolicy",),
    ),
    Part(
        name="lifecycle_policy",
        what="instance lifecycle policy",
        passes=Passes.GROUP,
        group=("InstanceLifecyclePolicy",),
    ),
    Part(
        name="zones",
        what="distribution over zones, zonal shift",
        passes=Passes.GROUP,
        group=("AvailabilityZoneDistribution", "AvailabilityZoneImpairmentPolicy"),
    ),
    Part(name="context", what="context", passes=Passes.GROUP, group=("Context",)),
    Part(
        name="service_role",
        what="service-linked role of its own",
        passes=Passes.GROUP,
        group=("ServiceLinkedRoleARN",),
    ),
    Part(name="hooks", what="lifecycle hooks", passes=Passes.GROUP, how=_PEOPLE),
    Part(name="notifications", what="notifications (SNS)", passes=Passes.START),
    Part(
        name="suspended_processes",
        what="processes that people suspended",
        passes=Passes.START,
        group=("SuspendedProcesses",),
        how="`Launch`, `Terminate` and `AddToLoadBalancer` only before the old group leaves, for "
        "without them nothing could be launched or put into service",
    ),
    Part(
        name="balancers",
        what="further target groups, classic load balancers and other traffic "
        "sources (VPC Lattice)",
        passes=Passes.TRAFFIC,
        group=("TargetGroupARNs", "LoadBalancerNames", "TrafficSources"),
        how="the old group leaves when all of them call the new machines healthy that call any "
        "machine healthy; VPC Lattice is not asked",
    ),
    Part(
        name="policies",
        what="scaling policies of every kind, with their alarms",
        passes=Passes.RULES,
    ),
    Part(name="schedules", what="scheduled actions", passes=Passes.RULES),
    Part(name="metrics", what="group metrics", passes=Passes.RULES, group=("EnabledMetrics",)),
    Part(
        name="health_check",
        what="kind and grace period of the health check",
        passes=Passes.RULES,
        group=("HealthCheckType", "HealthCheckGracePeriod"),
        how="EC2's own until then, so that nothing is replaced that a gate looks at",
    ),
    Part(
        name="warm_pool",
        what="warm pool",
        passes=Passes.RULES,
        group=("WarmPoolConfiguration", "WarmPoolSize"),
    ),
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
        name="operator",
        what="a service of AWS that manages the group",
        passes=Passes.LOST,
        template=("Operator",),
        group=("Operator",),
        how="no setting: one group has one owner",
    ),
)
# Says which group it is and how it is doing; there is nothing to pass on.
IDENTITY = (
    "AutoScalingGroupName",
    "AutoScalingGroupARN",
    "LaunchConfigurationName",
    "LaunchTemplate",
    "Instances",
    "CreatedTime",
    "Status",
)
DROPPABLE = tuple(part.name for part in TABLE if part.droppable)
