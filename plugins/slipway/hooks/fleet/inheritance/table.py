"""What hangs on a live server group, and what becomes of each part of it in the next one.

The table is complete: a test compares it with everything that AWS describes of a group, a launch
template and a launch configuration, and another with what the documentation says.
"""

from __future__ import annotations

from slipway.hooks.fleet.inheritance.left import LEFT
from slipway.hooks.fleet.inheritance.part import Part
from slipway.hooks.fleet.inheritance.passed import PASSED

TABLE: tuple[Part, ...] = (*PASSED, *LEFT)
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
