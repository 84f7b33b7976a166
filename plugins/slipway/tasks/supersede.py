"""Where DAG files of 0.1.0 look for what :mod:`slipway.tasks.order` has.

A package may be installed before the DAG files that come with it are there.
"""

from slipway.tasks.order.branch_order import BranchOrder

__all__ = ["BranchOrder"]
