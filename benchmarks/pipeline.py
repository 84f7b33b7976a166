"""Commit to serving: Slipway's run of a new commit, beside a plain sequential shell script.

Stands on a running demo (`make demo`): pushes a commit to the guestbook, times the whole run,
then times ``pipeline.sh`` with the same commit on the same machine; and so on for each pair. Tells
both, and stage by stage. Pushes that a way back holds are let through again, and a run that brings
its commit nowhere is no figure. One push goes before, unmeasured: the first after a way back has
its migrations proved against the older release that serves.

``python -m benchmarks.pipeline [--pairs 1]``
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from datetime import datetime

from benchmarks.bench.figure import at_most, record
from include.cli.controls import DAG_ID, conf_of
from include.demo import paths
from include.demo.airflow_api import AirflowApi, TaskState
from include.demo.guestbook_repository import GuestbookRepository
from include.demo.progress import follow
from include.localcloud import infrastructure
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.controls import Action

LISTENER = 8085
PROJECT = "guestbook"
_Pair = tuple[float, dict[str, float], dict[str, float]]
_ALONE: tuple[str, list[float]] = ("", [])


def main() -> None:
    """Measure both, pair by pair, and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--pairs", type=int, default=1)
    pairs = parser.parse_args().pairs
    api = AirflowApi()
    api.wait_until_ready(timeout=30)
    let_pushes_through(api)
    found: list[_Pair] = []
    _push(api)
    try:
        found.extend(_pair(api) for _ in range(pairs))
    finally:  # a pair that fails takes none of those before along
        if found:
            _tell(found)


def let_pushes_through(api: AirflowApi) -> None:
    """End the hold of the guestbook's dev, which the demo's way back has left.

    :raises SystemExit: when that does not end well.
    """
    why = "pushes are measured"
    run = api.trigger(DAG_ID, conf_of(Action.RESUME, project=PROJECT, environment="dev", why=why))
    state = api.end_of(DAG_ID, run, timeout=120)
    if state != "success":
        sys.exit(f"{DAG_ID} {run}, which lets pushes deploy again: {state}")


def _tell(found: list[_Pair]) -> None:
    record(
        "a commit to serving machines",
        [ours for ours, _, _ in found],
        beside=("shell script", [sum(stages.values()) for _, _, stages in found]),
        budget=at_most(0.8, "ratio"),
    )
    for name in dict.fromkeys(name for _, *both in found for one in both for name in one):
        ours, theirs = ([one[name] for one in those if name in one] for those in _columns(found))
        if ours:
            record(f"of it: {name}", ours, beside=("shell script", theirs) if theirs else _ALONE)


def _columns(found: list[_Pair]) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    return [tasks for _, tasks, _ in found], [stages for _, _, stages in found]


def _push(api: AirflowApi) -> tuple[str, list[TaskState]]:
    """Push a commit, and return its sha and the tasks of its run, which has ended well."""
    sha = GuestbookRepository().push_again(f"benchmark {int(time.time())}")
    return sha, follow(api, PROJECT, f"commit__{sha}", timeout=900)


def _pair(api: AirflowApi) -> _Pair:
    """Return the seconds of Slipway's run, of its tasks, and of the script's stages."""
    began = time.time()
    sha, tasks = _push(api)
    soaked = next((task for task in tasks if task.task == "swap.soak"), None)
    if soaked is None or not soaked.started or not soaked.seconds:
        sys.exit(f"{sha} was deployed nowhere, so there is nothing to measure; its run says why")
    # The same end as the script's: in service and soaked, nothing retired.
    ours = datetime.fromisoformat(soaked.started).timestamp() + soaked.seconds - began
    return ours, {task.task: task.seconds or 0.0 for task in tasks}, _script(sha)


def _take_the_demos_key() -> None:
    """Let this process read the demo's release records."""
    for line in paths.ENVIRONMENT.read_text().splitlines():
        name, _, value = shlex.split(line)[1].partition("=")
        if name == "AIRFLOW_CONN_SLIPWAY_RECORDS":
            os.environ[name] = value


def _script(sha: str) -> dict[str, float]:
    _take_the_demos_key()
    store = ArtifactStore(paths.ARTIFACTS.as_uri())
    record = ReleaseCatalogue(store).find(PROJECT, sha)
    databases = infrastructure.start_database(
        installation=paths.INSTALLATION, databases=["bench_dev"]
    )
    url = databases["bench_dev"]
    infrastructure.lay_environment(
        endpoint=paths.ENDPOINT,
        region=paths.REGION,
        project="bench",
        environment="dev",
        listener_port=LISTENER,
        app_port=8000,
        health_path="/healthz",
        database_url=url,
    )
    argv = [
        str(paths.ROOT / "benchmarks" / "pipeline.sh"),
        record.checkout.repository,
        sha,
        record.checkout.release.version,
        url,
        _base_image(),
        str(LISTENER),
    ]
    environment = {**os.environ, "SLIPWAY_INSTALLATION": paths.INSTALLATION}
    done = subprocess.run(  # noqa: S603 - our own script, and what the catalogue says
        argv, stdout=subprocess.PIPE, text=True, check=True, env=environment
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return {line[0]: float(line[1]) for line in lines if len(line) == 2}


def _base_image() -> str:
    from benchmarks.pipeline_cloud import client

    layer = [{"Name": "tag:slipway:layer", "Values": ["base"]}]
    return str(client("ec2").describe_images(Filters=layer)["Images"][0]["ImageId"])


if __name__ == "__main__":
    main()
