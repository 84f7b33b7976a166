"""Of all that a machine says, the line that says why."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.model.cloud.failure_report import MachineReport

PID = "2026-11-27T10:00:01+0000 web1 systemd[1]:"
OWN = "2026-11-27T10:00:00+0000 web1 python3[77]:"
# A service that ends, as systemd tells it of every one.
ENDS = (
    f"{PID} ledger.service: Main process exited, code=exited, status=1/FAILURE",
    f"{PID} ledger.service: Failed with result 'exit-code'.",
)


@pytest.mark.parametrize(
    ("machine", "line"),
    [
        ({"journal": ("a", "Error: x", "b")}, "Error: x"),
        ({"journal": ("a", "b"), "cloud_init": ("failed to mount",)}, "failed to mount"),
        ({"journal": ("a", "b")}, "b"),
        ({"journal": ("-- No entries --",), "console": ("Kernel panic",)}, "Kernel panic"),
        ({"balancer": "unhealthy: Target.Timeout"}, "unhealthy: Target.Timeout"),
        ({"answered": "HTTP 500"}, "HTTP 500"),
        ({"problem": "no answer"}, "no answer"),
        ({}, ""),
    ],
)
def test_of_what_a_machine_said_one_line_is_told(machine: dict[str, Any], line: str) -> None:
    assert MachineReport(instance_id="i", **machine).telling_line == line


@pytest.mark.parametrize(
    "own",
    [
        [f"{OWN} starting", f"{OWN} KeyError: 'LEDGER_URL'"],
        [f"{OWN} the ledger does not take the password ******"],
        [
            f"{OWN} Traceback (most recent call last):",
            f'{OWN}   File "ledger.py", line 3',
            f"{OWN} LedgerAway: nobody is there",
        ],
    ],
    ids=["an error", "no word for it", "an error of its own name"],
)
def test_a_service_that_ends_is_told_in_its_own_words_and_not_in_systemds(own: list[str]) -> None:
    again = f"{PID} Started ledger.service."
    machine = MachineReport(
        instance_id="i",
        journal=(again, *own, *ENDS, again, *own, *ENDS),
        cloud_init=("0 failed to be asked for",),
    )
    assert machine.telling_line == own[-1]


def test_of_a_service_that_never_said_anything_systemds_last_word_is_told() -> None:
    assert MachineReport(instance_id="i", journal=ENDS).telling_line == ENDS[-1]
