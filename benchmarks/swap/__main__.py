"""Swaps under load: their time beside its floor, and what visitors and capacity came to.

In an embedded cloud of its own, releases are swapped in one after the other, and bad ones rolled
back, while an open-loop load asks on kept-alive and on new connections and holds slow requests
open. The floor is what no swap can do without: boot, start of the service, half a health check's
interval. Both take turns, so that a busy moment of the machine meets both; the medians are
compared. What a swap adds is calls and looks, as many for a machine that boots in a second, as
the embedded cloud's do, as for one that takes a minute. So the service takes five seconds to start,
which together is still less than any virtual machine's boot; ``--start 0`` is the hardest case.
The last is the way back to a standby, from its first look until the standby alone serves.
Ends with status 1 when a request failed or machines in service became fewer.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from importlib import import_module
from typing import Any

from benchmarks.bench.figure import at_most, record
from benchmarks.bench.stopping import clear_away_when_stopped
from benchmarks.swap import cloud as swap_cloud
from benchmarks.swap.watch import Capacity, Visitors, capacity, visitors

# Seconds: longer than anything here takes.
_WARM = 300.0
_BAD = {"never": ["bad-1"], "soak": ["sick-1"], "both": ["bad-1", "sick-1"], "none": []}


def main() -> int:
    """Measure, print, and say whether anybody was hurt."""
    wanted = _arguments()
    clear_away_when_stopped()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-airflow-") as home:
        _own_airflow(home)
        with swap_cloud.cloud():
            told = _measure(wanted)
    _print(told)
    _record(wanted, told)
    return 0 if told["unhurt"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.swap", description=__doc__)
    parser.add_argument("--swaps", type=int, default=5)
    parser.add_argument("--bad", choices=sorted(_BAD), default="both", help="releases to roll back")
    parser.add_argument(
        "--start", type=float, default=5.0, help="seconds the service needs to start"
    )
    parser.add_argument("--rate", type=float, default=150, help="requests per second")
    parser.add_argument("--requests", type=int, default=20_000, help="at least as many in all")
    parser.add_argument("--machines", type=int, default=2)
    return parser.parse_args()


def _own_airflow(home: str) -> None:
    """Before anything imports Airflow: it must not see one that lives on this machine."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    connection = {
        "conn_type": "aws",
        "login": "bench",
        "password": "bench",
        "extra": {"endpoint_url": swap_cloud.ENDPOINT},
    }
    os.environ |= {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW_CONN_AWS_BENCH": json.dumps(connection),
    }


def _measure(wanted: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.swap.drive import Drive

    # As each worker is, before a task begins.
    import_module("slipway.preload")
    image, busy = swap_cloud.bake(wanted.start), os.getloadavg()[0]
    drive = Drive(image, wanted.machines)
    drive.deliver("1.0+0")
    with capacity() as machines, visitors(wanted.rate) as load:
        time.sleep(2)
        floors, swaps = _swaps(wanted, drive, image, machines)
        opening = statistics.median(drive.opening() for _ in range(wanted.swaps))
        bad = [_delivery(drive, version, machines) for version in _BAD[wanted.bad]]
        back = _way_back(drive, wanted.swaps, machines)
        deliveries = {"swaps": swaps, "bad": bad, "back": back}
        figures = _figures(wanted, floors, deliveries, machines, load)
        return {**figures, "opening": opening, "busy": [busy, os.getloadavg()[0]]}


def _swaps(
    wanted: argparse.Namespace, drive: Any, image: str, machines: Capacity
) -> tuple[dict[str, list[float]], list[dict[str, Any]]]:
    from benchmarks.swap.floor import floor

    floors: dict[str, list[float]] = {"one machine": [], "as many machines": []}
    swaps = []
    for number in range(wanted.swaps):
        floors["one machine"].append(floor(drive, image, machines=1))
        swaps.append(_good(_delivery(drive, f"1.0+{number + 1}", machines)))
        floors["as many machines"].append(floor(drive, image, machines=wanted.machines))
    return floors, swaps


def _delivery(drive: Any, version: str, machines: Capacity) -> dict[str, Any]:
    began, before = time.monotonic(), machines.seen[-1][1]
    made = drive.deliver(version)
    least = machines.least(began, time.monotonic())
    _say(f"{version}: {made.swap:.2f} s {made.failed}")
    return {**vars(made), "before": before, "least": least}


def _good(delivery: dict[str, Any]) -> dict[str, Any]:
    """End where a release that is good was rolled back: it has no figures."""
    if delivery["failed"]:
        sys.exit(f"{delivery['version']} was rolled back: {delivery['failed']}")
    return delivery


def _way_back(drive: Any, last: int, machines: Capacity) -> list[dict[str, Any]]:
    """Swap one more release in, and go back to the one before it, which is still warm."""
    drive.keep_old = _WARM
    return [_good(_delivery(drive, one, machines)) for one in ("1.1+0", f"1.0+{last}")]


def _figures(
    wanted: argparse.Namespace,
    floors: dict[str, list[float]],
    deliveries: dict[str, list[dict[str, Any]]],
    machines: Capacity,
    load: Visitors,
) -> dict[str, Any]:
    load.stay_for(wanted.requests)
    books = load.stop()
    every = (one for some in deliveries.values() for one in some)
    dropped = [one["version"] for one in every if one["least"] < one["before"]]
    wrong = _wrong(books, deliveries["bad"])
    return {
        "floors": floors,
        **deliveries,
        "load": books,
        "looks": len(machines.seen),
        "looks_missed": machines.missed,
        "least": min(count for _, count in machines.seen),
        "dropped": dropped,
        "unhurt": not (books["failed"] or books["open"] or dropped or wrong),
    }


def _wrong(books: dict[str, Any], bad: list[dict[str, Any]]) -> list[str]:
    """List the releases that were not rolled back, and those that nobody should have seen."""
    stayed = [one["version"] for one in bad if not one["failed"]]
    return stayed + [version for version in books["versions"] if version.startswith("bad")]


def _print(told: dict[str, Any]) -> None:
    """Print what the figures that are recorded do not have."""
    busy = ", ".join(f"{one:.1f}" for one in told["busy"])
    _say(f"load average {busy} before and after, on {os.cpu_count()} cores")
    _say(f"opening the cloud, a task: {told['opening']:.2f} s, which is part of each phase")
    books = told["load"]
    _say(f"\n{'requests':12} {'sent':>7} {'good':>7} {'failed':>7}   p50/p99/worst ms")
    for kind, row in books["kinds"].items():
        times = "/".join(f"{value:.0f}" for value in row["ms"].values())
        _say(f"{kind:12} {row['sent']:7} {row['good']:7} {row['failed']:7}   {times}")
    _say(f"{'all':12} {books['sent']:7} {books['good']:7} {books['failed']:7}")
    _say(
        f"closed while idle {books['closed_idle']}, sent again {books['sent_again']}, "
        f"behind the clock {books['late_ms']} ms"
    )
    for line in books["first_failures"]:
        _say(f"  {line}")
    _say(
        f"in service: never below {told['least']} in {told['looks']} looks; dropped in: "
        f"{', '.join(told['dropped']) or 'none'}"
    )


def _record(wanted: argparse.Namespace, told: dict[str, Any]) -> None:
    """Tell what the page of benchmarks has."""
    size, service = (wanted.machines, "machines"), f"a service that starts in {wanted.start:g} s"
    swaps = [one["swap"] for one in told["swaps"]]
    for name, budget in (("as many machines", at_most(1.1, "ratio")), ("one machine", None)):
        beside = (f"floor, {name}", told["floors"][name])
        what = f"a swap beside {name}, {service}"
        record(what, swaps, beside=beside, budget=budget, size=size)
    for name in told["swaps"][0]["phases"]:
        phases = [one["phases"][name] for one in told["swaps"]]
        record(f"of the swap: {name}, {service}", phases, size=size)
    back = [told["back"][-1]["swap"]]
    record(f"back to a warm standby, {service}", back, size=size)
    for one in told["bad"]:
        if one["failed"]:
            seconds = [one["phases"]["roll back"]]
            record(f"{one['version']} rolled back, {service}", seconds, size=size)
    books, none = told["load"], at_most(0)
    asked = f"of {books['sent']:,} requests meanwhile, {service}"
    failed = books["failed"] + books["open"]
    record(f"failed {asked}", [failed], unit="requests", budget=none, size=size)
    dropped = len(told["dropped"])
    what = f"deliveries with fewer machines in service, {service}"
    record(what, [dropped], unit="deliveries", budget=none, size=size)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
