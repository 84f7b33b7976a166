"""Commit to serving: Slipway's run of a new commit, beside a plain sequential shell script.

Stands on a running demo (`make demo`): pushes a commit to the guestbook, times the whole run,
then times ``pipeline.sh`` with the same commit on the same machine. Prints both, stage by stage,
and the ratio.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time

from include.demo import paths
from include.demo.airflow_api import AirflowApi, TaskState
from include.demo.guestbook_repository import GuestbookRepository
from include.demo.progress import follow
from include.localcloud import infrastructure
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.releases import ReleaseCatalogue

LISTENER = 8085


def main() -> None:
    """Measure both and print them."""
    api = AirflowApi()
    api.wait_until_ready(timeout=30)
    began = time.monotonic()
    sha = GuestbookRepository().push_again(f"benchmark {int(time.time())}")
    tasks = follow(api, "guestbook", f"commit__{sha}", timeout=900)
    # The same end as the script's: in service and soaked, nothing retired.
    ours = time.monotonic() - began - _seconds(tasks, "swap.retire_old")
    stages = _script(sha)
    shell = sum(stages.values())
    by_task = {task.task: task.seconds or 0.0 for task in tasks}
    sys.stdout.write(f"\n{'stage':24} {'slipway':>8} {'shell':>8}\n")
    for name in [*by_task, *(stages.keys() - by_task.keys())]:
        sys.stdout.write(f"{name:24} {by_task.get(name, 0):8.1f} {stages.get(name, 0):8.1f}\n")
    sys.stdout.write(f"{'push to serving':24} {ours:8.1f} {shell:8.1f}\n")
    sys.stdout.write(f"ratio {ours / shell:.2f}\n")


def _take_the_demos_key() -> None:
    """Let this process read the demo's release records."""
    for line in paths.ENVIRONMENT.read_text().splitlines():
        name, _, value = shlex.split(line)[1].partition("=")
        if name == "AIRFLOW_CONN_SLIPWAY_RECORDS":
            os.environ[name] = value


def _script(sha: str) -> dict[str, float]:
    _take_the_demos_key()
    store = ArtifactStore(paths.ARTIFACTS.as_uri())
    record = ReleaseCatalogue(store).find("guestbook", sha)
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


def _seconds(tasks: list[TaskState], name: str) -> float:
    return sum(task.seconds or 0.0 for task in tasks if task.task == name)


if __name__ == "__main__":
    main()
