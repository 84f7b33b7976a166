"""Each thing that can be missing or wrong, the database's own aside."""

from __future__ import annotations

from tests.slipway.operators.preflight import balancer_cases, inherited_cases, machine_cases

CASES = balancer_cases.CASES | machine_cases.CASES | inherited_cases.CASES
