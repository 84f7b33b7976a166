"""The guestbook's image, and machines that boot from it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from slipway.model.cloud.account import Account
from slipway.model.facts import Json, MachineImage
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.publish_apt import PublishAptOperator
from tests.cloud_process import REGION
from tests.e2e.conftest import PACKAGE, World, shared
from tests.e2e.instances import Boot, Machine, booting, user_data
from tests.e2e.steps import target

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_server import Repository

Run = Callable[..., Any]
PORT = "8123"


@pytest.fixture
def package(
    checkout: Callable[[], Json], guestbook: Repository, run: Run
) -> tuple[Json, Repository]:
    found = checkout()
    deb = run(
        BuildDebOperator(
            task_id="build_deb", checkout=found, repository=guestbook.source, **PACKAGE
        )
    )
    run(
        GooseMigrateOperator(
            task_id="migrate",
            target=target(),
            release=found["release"],
            repository=guestbook.source,
            directory="migrations",
            database_conn_id="guestbook_dev",
        )
    )
    return run(PublishAptOperator(task_id="publish_apt", deb=deb)), guestbook


def bake(run: Run, package: Json, **config: str) -> MachineImage:
    operator = BakeImageOperator(
        task_id="bake_image",
        package=package,
        unit="guestbook.service",
        config=config,
        account=Account(aws_conn_id="aws_default", region=REGION),
    )
    return MachineImage.from_json(run(operator))


@pytest.fixture
def image(package: tuple[Json, Repository], run: Run, artifacts: Path, kept: Path) -> MachineImage:
    """The guestbook's image, baked once for the tests that look at it and change nothing."""
    with shared(kept, artifacts, "images/guestbook"):
        return bake(run, package[0], GUESTBOOK_PORT=PORT)


@pytest.fixture
def boot(world: World) -> Iterator[Boot]:
    with booting(world, user_data("guestbook", "1.0.0")) as start:
        yield start


def version(machine: Machine, port: str) -> Json:
    """Ask the service, which may still be starting."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(
                f"http://{machine.address}:{port}/version", timeout=2
            ) as answer:
                found: Json = json.load(answer)
                return found
        except OSError:
            time.sleep(0.1)
    pytest.fail(machine.sh("systemctl --no-pager status guestbook slipway-secrets; ip a"))
