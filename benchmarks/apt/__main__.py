"""Publishing one signed package: Slipway, beside aptly alone, as a repository grows.

Aptly alone is a container that runs already, with the key in its keyring and aptly's database on a
disk of its own: nothing keeps two of its kind apart, nothing is known of it elsewhere, and nobody
looks whether machines find the package. Both publish into one S3 server that is there for the
benchmark alone, take turns, so that a busy moment of the machine meets both, and the medians are
compared. At last some publish at once, each from an engine of its own name.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.apt import alone as apt_alone

INSTALLATION = "bench-apt"


def main() -> int:
    """Measure, and print the seconds of both beside each other."""
    wanted = _arguments()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *told: sys.exit(128 + told[0]))  # and clear everything away
    told: dict[str, Any] = {"rounds": wanted.rounds, "busy": [os.getloadavg()[0]], "sizes": {}}
    with apt_alone.s3_server() as endpoint:
        _own_airflow(endpoint)
        # As each worker is, before a task begins.
        import_module("slipway.preload")
        with _engine() as engine:
            for packages in wanted.packages:
                told["sizes"][packages] = _at_size(wanted, engine, endpoint, packages)
    told["busy"].append(os.getloadavg()[0])
    sys.stdout.write(f"load {told['busy'][0]:.1f} to {told['busy'][1]:.1f}\n")
    if wanted.json:
        wanted.json.write_text(json.dumps(told) + "\n")
    return 1 if any(size["lost"] for size in told["sizes"].values()) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.apt", description=__doc__)
    parser.add_argument("--packages", type=int, nargs="*", default=[10, 1_000, 5_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument("--json", type=Path, help="write the figures to this file, as one line")
    return parser.parse_args()


def _own_airflow(endpoint: str) -> None:
    """Before anything imports Airflow: it must not see one that lives on this machine."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    extra = {"endpoint_url": endpoint, "region_name": apt_alone.REGION}
    aws = {"conn_type": "aws", "login": "bench", "password": "bench", "extra": extra}
    os.environ |= {
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "AIRFLOW__SLIPWAY__INSTALLATION": INSTALLATION,
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(aws),
    }


@contextmanager
def _engine() -> Iterator[Any]:
    import docker

    from slipway.hooks.docker.engine import ContainerEngine

    engine = ContainerEngine(docker.APIClient(timeout=60), installation=INSTALLATION)
    engine.remove_labelled({})
    try:
        yield engine
    finally:
        engine.remove_labelled({})


def _at_size(
    wanted: argparse.Namespace, engine: Any, endpoint: str, packages: int
) -> dict[str, Any]:
    from benchmarks.apt.ours import Publisher

    key = apt_alone.signing_key()
    ours = Publisher(engine, endpoint, f"bench-{packages}", key)
    ours.fill(packages)
    seconds: dict[str, list[float]] = {"ours": [], "alone": []}
    with apt_alone.AptlyAlone(INSTALLATION, endpoint, f"alone-{packages}", key) as alone:
        alone.fill(packages)
        for number in range(wanted.rounds):
            seconds["alone"].append(alone.publish(f"round-{number}"))
            seconds["ours"].append(ours.publish(f"round-{number}"))
    at_once = _at_once(ours, wanted.at_once)
    names = [f"round-{number}" for number in range(wanted.rounds)]
    names += [f"once-{number}" for number in range(wanted.at_once)]
    lost = ours.lacks(names)
    engine.remove_labelled({})
    _say(packages, seconds, at_once, lost)
    return {**seconds, "at_once": at_once, "lost": lost}


def _at_once(ours: Any, count: int) -> list[float]:
    if not count:
        return []
    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(lambda number: ours.publish(f"once-{number}"), range(count)))


def _say(
    packages: int, seconds: dict[str, list[float]], at_once: list[float], lost: list[str]
) -> None:
    medians = {name: statistics.median(every) for name, every in seconds.items()}
    line = (
        f"{packages:5} packages: slipway {_spread(seconds['ours'])}, "
        f"aptly alone {_spread(seconds['alone'])}, ratio {medians['ours'] / medians['alone']:.2f}"
    )
    if at_once:
        line += f"; {len(at_once)} at once, the last after {at_once[-1]:.2f} s, lost {len(lost)}"
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    sys.stdout.write(f"measured in {time.monotonic() - began:.0f} s\n")
    sys.exit(code)
