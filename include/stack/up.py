"""Brings the stack up, and takes it away."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import time
from ipaddress import IPv4Network
from pathlib import Path

from include.demo import processes
from include.demo.airflow_api import DemoFailed
from include.demo.down import remove_from_docker
from include.demo.progress import say
from include.images import build
from include.localcloud.compute.confinement import forget_cgroup
from include.stack import cloud, compose, paths, repositories, secret_files
from include.stack.operations.installation import build_arguments

SOCKET = Path("/var/run/docker.sock")
# What stands in where no registry answers; docker-compose.yaml names the public ones.
IMAGES = {
    "SLIPWAY_BASE_IMAGE": "slipway/debian:12",
    "SLIPWAY_POSTGRES_IMAGE": "slipway/postgres:15",
    "SLIPWAY_REDIS_IMAGE": "slipway/redis:7",
}
# A machine that has other work as well takes minutes.
_HEALTHY_WITHIN = 600.0


def up(workers: int) -> None:
    """Have everything run, with this many workers; what runs already is brought up to date.

    :raises DemoFailed: when a part of it does not become healthy.
    """
    say("building images (only those whose inputs changed)")
    if build.main([]) or build.main(["redis"]):
        msg = "the images could not be built; the reason stands above"
        raise DemoFailed(msg)
    if not processes.alive(paths.CLOUD_PROCESS):
        _begin()
    repositories.deliver_clone()
    say("building the image of Airflow, unless it is there")
    compose.run("build", *build_arguments(), "init", timeout=1800)
    say(f"starting Airflow, with {workers} workers")
    compose.run("up", "-d", "--remove-orphans", "--scale", f"worker={workers}", timeout=1200)
    wait_until_healthy()


def down() -> None:
    """Stop and remove everything that :func:`up` made, but images; and nothing else."""
    say("removing what there is of a stack")
    compose.remove()
    processes.stop(paths.CLOUD_PROCESS)
    remove_from_docker(paths.INSTALLATION)
    forget_cgroup(paths.INSTALLATION)
    shutil.rmtree(paths.HOME, ignore_errors=True)


def _begin() -> None:
    """Make all that the stack is told, for a cloud that has just begun."""
    down()
    paths.HOME.mkdir(mode=0o700, parents=True)
    gateway = cloud.start()
    databases, places = cloud.lay_out(), cloud.places(cloud.free_block())
    secret_files.make(
        paths.SECRETS,
        connections=cloud.connections(
            gateway=gateway, address=places["SLIPWAY_CLOUD_ADDRESS"], databases=databases
        ),
        # The password of a database that lives as long as one test run.
        variables={"guestbook_test_password": secrets.token_urlsafe(12)},
    )
    paths.GIT.mkdir(mode=0o700, exist_ok=True)
    compose.save_variables({**variables(), **places})


def check() -> None:
    """Have Compose read its files, with everything that it is told, and change nothing.

    :raises DemoFailed: when it does not take them.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "variables.env"
        compose.save_variables({**variables(), **cloud.places(IPv4Network("10.0.0.0/16"))}, told)
        compose.run("config", "--quiet", timeout=60, variables=told)


def variables() -> dict[str, str]:
    """Return what Compose is told on this machine, but addresses; none of it is secret."""
    return {
        **IMAGES,
        "SLIPWAY_SECRETS": str(paths.SECRETS),
        "SLIPWAY_INSTALLATION": paths.INSTALLATION,
        "SLIPWAY_BUNDLE_URL": repositories.BUNDLE,
        "SLIPWAY_ARTIFACTS": f"s3://aws_default@{paths.ARTIFACTS}/slipway",
        "SLIPWAY_LOGS": f"s3://{paths.LOGS}/airflow",
        "SLIPWAY_URL": paths.UI,
        "SLIPWAY_UI_PORT": str(paths.UI_PORT),
        "SLIPWAY_CLOUD_SOCKET": str(paths.CLOUD / "host"),
        "SLIPWAY_CLOUD_GIT": str(paths.GIT),
        "SLIPWAY_CLOUD_UID": f"{os.getuid()}:{os.getgid()}",
        "DOCKER_GID": str(SOCKET.stat().st_gid),
    }


def wait_until_healthy() -> None:
    """Wait until each part of the stack says that it is well.

    :raises DemoFailed: naming those that are not, with their last lines.
    """
    deadline = time.monotonic() + _HEALTHY_WITHIN
    while sick := compose.unhealthy():
        if time.monotonic() > deadline:
            told = "\n".join(f"--- {name}: {state}" for name, state in sick.items())
            msg = f"not healthy after {_HEALTHY_WITHIN:.0f} s:\n{told}"
            raise DemoFailed(msg)
        time.sleep(2)
