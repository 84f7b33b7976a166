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
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from benchmarks.apt import alone as apt_alone
from benchmarks.bench.figure import at_most, record
from benchmarks.bench.stopping import clear_away_when_stopped

INSTALLATION = "bench-apt"


def main() -> int:
    """Measure, tell the seconds of both, and say whether a package was lost."""
    wanted = _arguments()
    clear_away_when_stopped()
    with apt_alone.s3_server() as endpoint:
        _own_airflow(endpoint)
        # As each worker is, before a task begins.
        import_module("slipway.preload")
        with _engine() as engine:
            lost = [_at_size(wanted, engine, endpoint, packages) for packages in wanted.packages]
    return 1 if any(lost) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.apt", description=__doc__)
    parser.add_argument("--packages", type=int, nargs="*", default=[10, 1_000, 5_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--at-once", type=int, default=8)
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


def _at_size(wanted: argparse.Namespace, engine: Any, endpoint: str, packages: int) -> list[str]:
    """Measure at a repository's size; returns the packages that machines do not find."""
    from benchmarks.apt.ours import Publisher

    key = apt_alone.signing_key()
    publisher = Publisher(engine, endpoint, f"bench-{packages}", key)
    publisher.fill(packages)
    ours, theirs = [], []
    with apt_alone.AptlyAlone(INSTALLATION, endpoint, f"alone-{packages}", key) as alone:
        alone.fill(packages)
        for number in range(wanted.rounds):
            theirs.append(alone.publish(f"round-{number}"))
            ours.append(publisher.publish(f"round-{number}"))
    at_once = _at_once(publisher, wanted.at_once)
    names = [f"round-{number}" for number in range(wanted.rounds)]
    names += [f"once-{number}" for number in range(wanted.at_once)]
    lost = publisher.lacks(names)
    engine.remove_labelled({})
    size, beside = (packages, "packages there"), ("aptly alone", theirs)
    record("one more package published", ours, beside=beside, budget=at_most(0.6), size=size)
    if at_once:
        what = f"{len(at_once)} packages published at once"
        record(what, at_once, budget=at_most(2.0, "worst"), size=size)
    record("packages lost", [len(lost)], unit="packages", budget=at_most(0), size=size)
    return lost


def _at_once(ours: Any, count: int) -> list[float]:
    if not count:
        return []
    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(lambda number: ours.publish(f"once-{number}"), range(count)))


if __name__ == "__main__":
    sys.exit(main())
