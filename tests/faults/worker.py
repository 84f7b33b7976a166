"""The process under test: the steps of a swap, each as its task would run it."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from botocore.config import Config

from slipway.exceptions import InputError, TransientError, UnhealthyRelease
from slipway.fleet.gates import Gate, evaluate
from slipway.fleet.goals import Goal
from slipway.fleet.swap import Swap
from slipway.hooks import http_probe
from slipway.hooks.aws import connection as aws_connection
from slipway.hooks.aws import errors as cloud_failure
from slipway.hooks.aws import session
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.facts import MachineImage, Release
from slipway.model.target import DeployTarget
from tests.faults.order import DONE, FAILED, SECRET, TRY_AGAIN, Order

# A cloud that hangs, and a budget that is exceeded, have to be told in seconds here. As in
# earnest, botocore tries several times, and Slipway does so again for a while.
_IMPATIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=2
)
_PATIENCE, _PAUSE = 1.5, 0.1
# Seconds for one step, and between two questions of a gate.
_LIMIT, _GATE_PAUSE = 120.0, 0.25


def obey(order: Order) -> None:
    """Do it, and leave with a status that says what became of it."""
    gc.disable()  # a short life: looking through all of Airflow costs more than it frees
    _write_to(order.folder / "log")
    _connect(order)
    status = DONE
    try:
        for step in order.steps:
            with (order.folder / "steps").open("a") as told:
                told.write(f"{step}\n")
            print(f"step: {step}", flush=True)
            STEPS[step](order)
    except InputError as error:
        print(f"failed: {error}")
        status = FAILED
    except TransientError as error:
        print(f"to be tried again: {error}")
        status = TRY_AGAIN
    except BaseException:
        traceback.print_exc(file=sys.stdout)
        status = 1
    print(f"status {status}", flush=True)
    os._exit(status)


def _write_to(log: Path) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)


def _connect(order: Order) -> None:
    connection = {
        "conn_type": "aws",
        "login": "AKIAFAULTS",
        "password": SECRET,
        "extra": {"endpoint_url": order.endpoint},
    }
    os.environ["AIRFLOW_CONN_AWS_FAULTS"] = json.dumps(connection)
    session.CONFIG = _IMPATIENT
    cloud_failure.PATIENCE, cloud_failure.PAUSE = _PATIENCE, _PAUSE


def _swap(order: Order) -> Swap:
    target = DeployTarget.from_json(order.target)
    image = MachineImage(
        release=Release(project=target.project, sha="a" * 40, version=order.version),
        image_id=order.image_id,
        name="web",
        base_image_id="b",
        deb_sha256="d",
        playbook_hash="p",
        region=target.region,
    )
    return Swap(
        cloud=_cloud(target),
        prober=http_probe,
        target=target,
        image=image,
        log=lambda line: print(line, flush=True),
    )


@lru_cache
def _cloud(target: DeployTarget) -> FleetCloud:
    """A task makes its clients anew; here a process makes them once, which takes half a second."""
    return aws_connection.fleet_cloud(
        target.aws_conn_id,
        target.region,
        project=target.project,
        environment=target.environment,
        target_group=target.target_group,
    )


def _changes(wish: Goal, *, last: bool = False) -> Callable[[Order], None]:
    """A step that changes something, and so takes the lease; the last one gives it back."""

    def step(order: Order) -> None:
        free = _swap(order)
        lease = free.cloud.lease(owner=order.owner, is_dead=lambda _owner: False)
        lease.acquire()
        guarded = Swap(
            cloud=free.cloud.with_fence(lease.check),
            prober=free.prober,
            target=free.target,
            image=free.image,
            log=free.log,
        )
        guarded.converge(wish, timeout=_LIMIT)
        if last:
            lease.release()

    return step


def _waits(gate: Gate) -> Callable[[Order], None]:
    def step(order: Order) -> None:
        swap, began = _swap(order), time.monotonic()
        while not evaluate(gate, swap, waited=time.monotonic() - began).passed:
            time.sleep(_GATE_PAUSE)

    return step


def _never_healthy(order: Order) -> None:
    try:
        _waits(Gate.HEALTHY)(order)
    except UnhealthyRelease as error:
        print(f"as expected: {error}", flush=True)
    else:
        msg = "a bad release passed for a healthy one"
        raise RuntimeError(msg)


STEPS: dict[str, Callable[[Order], None]] = {
    "launch_canary": _changes(Goal.CANARY),
    "canary_healthy": _waits(Gate.HEALTHY),
    "shift_canary": _changes(Goal.IN_TRAFFIC),
    "canary_in_service": _waits(Gate.IN_SERVICE),
    "canary_soak": _waits(Gate.CANARY_SOAK),
    "launch": _changes(Goal.LAUNCHED),
    "healthy": _waits(Gate.HEALTHY),
    "never_healthy": _never_healthy,
    "shift": _changes(Goal.IN_TRAFFIC),
    "in_service": _waits(Gate.IN_SERVICE),
    "soak": _waits(Gate.SOAK),
    "retire": _changes(Goal.OLD_RETIRED, last=True),
    "roll_back": _changes(Goal.ROLLED_BACK, last=True),
    "housekeeping": _changes(Goal.STANDBYS_RETIRED, last=True),
}
