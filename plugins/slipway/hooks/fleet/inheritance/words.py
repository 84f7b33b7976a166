"""What is set on a live server group, in short words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What AWS says of a group or a template that nobody has changed.
_USUAL: Mapping[str, tuple[Any, ...]] = {
    "Monitoring": ({"Enabled": False},),
    "TerminationPolicies": (["Default"],),
    "DefaultCooldown": (300,),
    "InstanceInitiatedShutdownBehavior": ("stop",),
    "Placement": ({"Tenancy": "default"},),
    "MaintenanceOptions": ({"AutoRecovery": "default"},),
    "CapacityReservationSpecification": (
        {"CapacityReservationPreference": "default"},
        {"CapacityReservationPreference": "open"},
    ),
    "AvailabilityZoneDistribution": ({"CapacityDistributionStrategy": "balanced-best-effort"},),
    "DeletionProtection": ("none",),
    "EnclaveOptions": ({"Enabled": False},),
    "HibernationOptions": ({"Configured": False},),
    "DesiredCapacityType": ("units",),
    "AvailabilityZoneImpairmentPolicy": (
        {"ZonalShiftEnabled": False, "ImpairedZoneHealthCheckBehavior": "ReplaceUnhealthy"},
        {"ZonalShiftEnabled": False},
    ),
}
# Characters of a value.
_LONGEST = 120


def says(key: str, value: Any) -> bool:
    """Say whether a field holds anything that somebody chose.

    :param key: the field, as AWS calls it.
    :param value: of the field.
    """
    return value not in (None, "", [], {}, False, *_USUAL.get(key, ()))


def short(value: Any) -> str:
    """Say a value, or of several things what they are called.

    :param value: as AWS describes it.
    """
    if isinstance(value, dict) and len(value) == 1 and next(iter(value.values())) is not True:
        [(key, value)] = value.items()
        value = key if key.startswith("arn:") else value  # a topic is its own name
    text = _words(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _words(value: Any) -> str:
    if isinstance(value, dict):
        named = next((str(one) for key, one in value.items() if key.endswith("Name")), "")
        return named or ", ".join(f"{key} {_words(one)}".strip() for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(map(_words, value))
    return "" if value is True or value is None else str(value)
