"""Settings and secrets reach the service letter by letter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.image import machines
from tests.e2e.image.machines import PORT, Run, bake, version
from tests.e2e.instances import Machine
from tests.integration.localcloud.process import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.model.facts import Json, MachineImage
    from tests.e2e.conftest import World
    from tests.fakes.git_server import Repository

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
boot, image, package = machines.boot, machines.image, machines.package


def test_settings_reach_the_service_letter_by_letter(
    package: tuple[Json, Repository], run: Run, boot: Callable[[str], Machine]
) -> None:
    """systemd has its own way with quotes, backslashes, dollars and blanks."""
    odd = r"""a "b" 'c' \d $HOME ${HOME} %h #x; ä—`z` {{ 1 + 1 }} \n """ + "\n\tb\r\n"
    image = bake(run, package[0], GUESTBOOK_PORT=PORT, ODD=odd, EMPTY="", LAST="x\\")
    machine = boot(image.image_id)
    version(machine, PORT)
    pid = machine.sh("systemctl show -P MainPID guestbook").strip()
    got = dict(entry.split("=", 1) for entry in machine.environment(pid) if "=" in entry)
    assert (got["ODD"], got["EMPTY"], got["LAST"]) == (odd, "", "x\\")


def test_secrets_reach_the_service_letter_by_letter(
    image: MachineImage, world: World, boot: Callable[[str], Machine]
) -> None:
    odd = r"""p"w' \d $HOME ${HOME} %h #x; ä—`z` \n""" + "\n\tsecond line\r\n"
    ssm, name = world.client("ssm"), "/slipway/guestbook/dev/ODD_SECRET"
    ssm.put_parameter(Name=name, Value=odd, Type="SecureString", Overwrite=True)
    try:
        machine = boot(image.image_id)
        version(machine, PORT)
    finally:
        ssm.delete_parameter(Name=name)
    pid = machine.sh("systemctl show -P MainPID guestbook").strip()
    assert f"ODD_SECRET={odd}" in machine.environment(pid)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("ODD-SECRET",), "'ODD-SECRET' is no name of a variable"),
        (("a/SECRET", "b/SECRET"), "b/SECRET would both be SECRET"),
    ],
)
def test_a_service_does_not_start_without_a_setting_that_cannot_be_given(
    image: MachineImage,
    world: World,
    boot: Callable[[str], Machine],
    names: tuple[str, ...],
    said: str,
) -> None:
    ssm, value = world.client("ssm"), "not-for-the-journal"
    paths = [f"/slipway/guestbook/dev/{name}" for name in names]
    for path in paths:
        ssm.put_parameter(Name=path, Value=value, Type="SecureString", Overwrite=True)
    try:
        machine = boot(image.image_id)
        failed = "systemctl is-failed slipway-secrets || true"
        until(lambda: machine.sh(failed).strip() == "failed", seconds=60)
    finally:
        ssm.delete_parameters(Names=paths)
    journal = machine.sh("journalctl --no-pager")
    assert said in journal
    assert value not in journal
    assert machine.sh("systemctl is-active guestbook || true").strip() == "inactive"
