"""What is inside a baked image, seen on a machine that booted from it."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.demo.signing_key import make_signing_key
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.checkout import CheckoutOperator
from slipway.operators.publish_apt import PublishAptOperator
from tests.e2e.conftest import INSTALLATION, PACKAGE, World
from tests.e2e.image import machines
from tests.e2e.image.machines import PORT, Run, bake, version
from tests.e2e.instances import Machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.model.facts import Json, MachineImage
    from tests.fakes.git_server import Repository

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
boot, image, package = machines.boot, machines.image, machines.package


def secrets(world: World) -> bytes:
    """The secret that the environment's machines read."""
    name = "/slipway/guestbook/dev/DATABASE_URL"
    found = world.client("ssm").get_parameter(Name=name, WithDecryption=True)
    return str(found["Parameter"]["Value"]).encode()


def test_a_machine_serves_its_release_with_its_own_secrets(
    package: tuple[Json, Repository], run: Run, world: World, boot: Callable[[str], Machine]
) -> None:
    image = bake(run, package[0], GUESTBOOK_PORT=PORT)
    assert not image.reused
    machine = boot(image.image_id)
    assert version(machine, PORT)["version"] == image.release.version
    assert machine.sh("stat -c '%a %U' /run/slipway/secrets.env").split() == ["600", "root"]
    assert secrets(world).decode() in machine.sh("cat /run/slipway/secrets.env")
    assert machine.sh("systemctl is-enabled guestbook apt-daily.timer").split() == [
        "enabled",
        "masked",
    ]
    # The application may serve before the host keys, which sshd wants to see, are made.
    machine.sh("systemctl start ssh")
    settings = machine.sh("sshd -T | grep -i -E '^(permitrootlogin|passwordauthentication)'")
    assert settings.split("\n")[:2] == ["permitrootlogin no", "passwordauthentication no"]
    other = boot(image.image_id)
    version(other, PORT)
    for line in ("cat /etc/machine-id", "cat /etc/ssh/ssh_host_*.pub"):
        assert machine.sh(line).strip() not in ("", other.sh(line).strip())


def test_an_image_holds_no_secret_and_nothing_of_its_builder(
    image: MachineImage, world: World
) -> None:
    files = _files(world, image.image_id)
    assert files["etc/slipway/app.env"].strip().replace(b'"', b"") == b"GUESTBOOK_PORT=" + (
        PORT.encode()
    )
    assert "etc/slipway/instance.env" not in files
    assert not [name for name in files if name.startswith("etc/ssh/ssh_host_")]
    assert files["etc/machine-id"].strip() in (b"", b"uninitialized")
    assert files.get("home/admin/.ssh/authorized_keys", b"").strip() == b""
    assert files.get("root/.ssh/authorized_keys", b"").strip() == b""
    assert "usr/sbin/policy-rc.d" not in files
    held = [name for name, content in files.items() if secrets(world) in content]
    assert held == []


def test_the_same_inputs_are_found_and_any_other_baked(
    package: tuple[Json, Repository], run: Run, world: World
) -> None:
    first = bake(run, package[0], GUESTBOOK_PORT=PORT)
    before = len(world.client("ec2").describe_images(Owners=["self"])["Images"])
    took: list[float] = []
    # Whatever else this machine does, one of some tries meets a quiet moment.
    while not took or (min(took) >= 2 and len(took) < 5):
        began = time.monotonic()
        again = bake(run, package[0], GUESTBOOK_PORT=PORT)
        took.append(time.monotonic() - began)
    assert min(took) < 2
    assert (again.image_id, again.reused) == (first.image_id, True)
    other = bake(run, package[0], GUESTBOOK_PORT="8124")
    assert other.base_image_id == first.base_image_id
    assert (other.reused, other.image_id == first.image_id) == (False, False)
    images = world.client("ec2").describe_images(Owners=["self"])["Images"]
    assert len(images) == before + 1
    assert world.builders() == []
    assert world.leftovers() == []


def test_a_repository_that_serves_another_package_of_the_version_is_refused(
    package: tuple[Json, Repository], run: Run, world: World
) -> None:
    """Who writes the apt repository, with its key even, does not choose what runs."""
    tested = "0" * 64
    with pytest.raises(AirflowFailException) as refused:
        bake(run, {**package[0], "sha256": tested}, GUESTBOOK_PORT=PORT)
    assert f"has the sha256 {package[0]['sha256']}" in str(refused.value)
    assert tested in str(refused.value)
    assert world.builders() == []


def test_an_old_release_is_baked_after_the_repositorys_key_was_rotated(
    package: tuple[Json, Repository], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, guestbook = package
    name = "AIRFLOW_CONN_SLIPWAY_APT"
    connection = json.loads(os.environ[name])
    monkeypatch.setenv(name, json.dumps({**connection, "password": make_signing_key()}))
    guestbook.commit("Go on")
    found = run(
        CheckoutOperator(
            task_id="checkout",
            project="guestbook",
            repository=guestbook.source,
            ref="main",
            branch="main",
        )
    )
    deb = run(
        BuildDebOperator(
            task_id="build_deb", checkout=found, repository=guestbook.source, **PACKAGE
        )
    )
    new = run(PublishAptOperator(task_id="publish_apt", deb=deb))
    assert new["signing_key"] != old["signing_key"]
    assert not bake(run, old, GUESTBOOK_PORT="8199").reused


def test_a_service_that_its_package_starts_writes_nothing_into_the_image(
    guestbook: Repository,
    checkout: Callable[[], Json],
    run: Run,
    world: World,
    boot: Callable[[str], Machine],
) -> None:
    """Scripts that call systemctl themselves ask no policy-rc.d, and most packages' do."""
    packaging = guestbook.path / "packaging"
    script = packaging / "postinst"
    starts = "systemctl daemon-reload\nsystemctl enable --now guestbook.service\n"
    script.write_text(f"{script.read_text()}{starts}systemctl restart guestbook || true\n")
    unit = packaging / "guestbook.service"
    first = "ExecStartPre=+/bin/sh -c 'cat /proc/sys/kernel/random/uuid > /var/lib/first-data'\n"
    unit.write_text(unit.read_text().replace("ExecStart=", f"{first}ExecStart="))
    override = packaging / "lintian-overrides"
    override.write_text(f"{override.read_text()}guestbook: maintainer-script-calls-systemctl\n")
    guestbook.commit("Start at once")
    found = checkout()
    deb = run(
        BuildDebOperator(
            task_id="build_deb", checkout=found, repository=guestbook.source, **PACKAGE
        )
    )
    package = run(PublishAptOperator(task_id="publish_apt", deb=deb))
    image = bake(run, package, GUESTBOOK_PORT=PORT)
    files = _files(world, image.image_id)
    assert "var/lib/first-data" not in files
    assert not any(name.endswith("slipway-installing.conf") for name in files)
    machine = boot(image.image_id)
    version(machine, PORT)
    assert machine.sh("cat /var/lib/first-data").strip()


def _files(world: World, image: str) -> dict[str, bytes]:
    """Read the files of an image below the folders that a machine keeps."""
    container = world.docker.containers.create(f"slipway-cloud/{INSTALLATION}:{image}")
    try:
        found: dict[str, bytes] = {}
        for folder in ("etc", "home", "root", "var/lib", "var/log", "usr/sbin", "usr/local"):
            stream, _ = container.get_archive(f"/{folder}")
            with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
                parent = folder.rpartition("/")[0]
                for member in archive:
                    if member.isfile():
                        content = archive.extractfile(member)
                        name = f"{parent}/{member.name}".lstrip("/")
                        found[name] = content.read() if content else b""
    finally:
        container.remove(force=True)
    return found
