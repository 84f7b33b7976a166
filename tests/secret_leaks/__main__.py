"""``python -m tests.secret_leaks``, beside a running demo: follows every secret through a delivery.

A commit that prints all it is given is pushed, another one whose tests fail, and a third whose
bake is killed in the middle. Then every secret that the installation has is looked for, in each
form that it may leak in: in logs, XComs, Airflow's database, the artifact store, machine images,
what ``docker inspect`` and the process list showed all the while, and in temporary files.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import docker

from include.demo import add_environment, login, paths
from include.demo.airflow_api import FINAL, AirflowApi
from tests.secret_leaks import project
from tests.secret_leaks.needles import (
    Needle,
    found_below,
    found_in,
    found_in_file,
    needles,
    secrets_of,
)
from tests.secret_leaks.watch import Watch

# Seconds for one run, and for the project's DAG to appear.
_RUN, _LOAD = 600.0, 90.0
# Seconds into a bake, at which its builder is there and has been told everything.
_INTO = 8.0
# Where the installation's secrets are at home.
_AT_HOME = (paths.ENVIRONMENT, login.PASSWORDS, paths.CLOUD, paths.GIT, paths.FORGE)


def main() -> int:
    """Tell the story, search, and return how many kinds of places showed a secret, at most 1."""
    began = time.time()
    canaries = {
        name: f"canary/{name}+{secrets.token_urlsafe(15)}={secrets.token_hex(6)}"
        for name in ("token", "registry", "parameter")
    }
    with _project(canaries) as api:
        password = login.read()["password"]
        held = {**secrets_of(paths.ENVIRONMENT), "login": password, **canaries}
        sought = needles(held, public=_public_key())
        with Watch(sought, own=("token", "registry", "AIRFLOW_VAR_GUESTBOOK")) as watch:
            finds = _story(api)
        finds += sorted(watch.finds)
        finds += _search(sought, since=began)
    places = {needle.secret for needle in sought}
    print(
        f"{len(places)} secrets in {len(sought)} forms; {watch.processes} processes and "
        f"{watch.containers} containers were looked at"
    )
    for find in finds:
        print(f"FOUND {find}")
    print(f"{len(finds)} finds")
    return min(len(finds), 1)


@contextmanager
def _project(canaries: Mapping[str, str]) -> Iterator[AirflowApi]:
    """Set the project up beside the demo, and take its file away again."""
    api = AirflowApi()
    api.wait_until_ready(timeout=60)
    api.set_variable("canary_token", canaries["token"])
    api.set_connection(
        "canary_registry", {"conn_type": "generic", "password": canaries["registry"]}
    )
    add_environment.make(
        project.NAME,
        "dev",
        listener=project.LISTENER,
        database=True,
        parameters={"PAYMENT_KEY": canaries["parameter"]},
    )
    project.write_project_file()
    try:
        yield api
    finally:
        project.remove_project_file()


def _story(api: AirflowApi) -> list[str]:
    repository = project.CanaryRepository()
    first = repository.create()
    api.wait_for_dag(project.NAME, timeout=_LOAD)
    wrong = _ends(api, first, "success")
    wrong += _ends(api, repository.push("Its tests fail", fails=True), "failed")
    third = repository.push("Its bake is killed")
    wrong += _kill(api, third, "bake_early")
    return wrong + _ends(api, third, "success")


def _ends(api: AirflowApi, sha: str, wanted: str) -> list[str]:
    """Wait for a commit's run; a story that ends otherwise proves nothing."""
    run = f"commit__{sha}"
    state = api.end_of(project.NAME, run, timeout=_RUN)
    print(f"{run}: {state}", flush=True)
    return [] if state == wanted else [f"the run {run} ended as {state}, not {wanted}"]


def _kill(api: AirflowApi, sha: str, task: str) -> list[str]:
    """Kill a task's process some seconds after its start."""
    run, deadline = f"commit__{sha}", time.monotonic() + _RUN
    while time.monotonic() < deadline and api.run_state(project.NAME, run) not in FINAL:
        if pid := api.pid(project.NAME, run, task):
            time.sleep(_INTO)
            os.kill(pid, signal.SIGKILL)
            print(f"{task}: killed {pid}", flush=True)
            return []
        time.sleep(0.2)
    return [f"the task {task} of {run} could not be killed"]


def _search(sought: list[Needle], *, since: float) -> list[str]:
    """Look everywhere that outlives the story."""
    finds = found_below(paths.HOME, sought, but=_AT_HOME)
    finds += [find for path in _new_temporary_files(since) for find in found_in_file(path, sought)]
    client: Any = docker.from_env(timeout=300)
    for image in client.images.list(name=f"slipway-cloud/{paths.INSTALLATION}"):
        held = found_in(image.save(chunk_size=1 << 20), sought)
        finds += [f"image {image.tags or image.short_id}: {one}" for one in sorted(held)]
    return finds


def _public_key() -> str:
    """Return the apt repository's public key, as machines are given it."""
    records = (paths.ARTIFACTS / "apt-keys").glob("*.json")
    texts = [json.loads(file.read_text())["key"] for file in records]
    head = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    return "".join(text for text in texts if text.startswith(head))


def _new_temporary_files(since: float) -> Iterator[Path]:
    """Yield what was written meanwhile; others come and go at the same time."""
    # Where the demo told whoever started it how to log in, and we go on.
    ours = [os.fstat(stream) for stream in (1, 2)]
    for folder, _, names in os.walk(tempfile.gettempdir()):
        for path in (Path(folder) / name for name in names):
            with suppress(OSError):
                seen = path.lstat()
                if any(os.path.samestat(seen, own) for own in ours):
                    continue
                if seen.st_mtime > since and path.is_file():
                    yield path


if __name__ == "__main__":
    sys.exit(main())
