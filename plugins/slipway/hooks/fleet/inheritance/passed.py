"""What the next server group gets of the live one, in the order in which it gets it."""

from __future__ import annotations

from slipway.hooks.fleet.inheritance.part import Part, Passes

_SAME_TYPE = "only while the instance type stays the same"
_PEOPLE = "change it on the live group"
PASSED: tuple[Part, ...] = (
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
)
