"""What Packer and Ansible are given, for each operating system: they can read all of it.

Ubuntu is no guest here; what its bakes are given is the same but for what is asked below.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.tools.packer import Bake, template_variables
from slipway.model.cloud.machine import Architecture, Machine, OperatingSystem
from slipway.tasks.images.layers import Layers
from tests.include.images.containers import Containers
from tests.slipway.operators.releases import make_record

ROOT = Path(__file__).resolve().parents[2]
SAID: dict[str, Any] = {
    "roles": ("nginx",),
    "packages": ("tree",),
    "variables": {"nginx_port": 81, "swap": "1G", "timezone": "UTC", "ntp_servers": ["a"]},
}
# Modules that know one family alone, or one release's names of things.
_ONE_FAMILYS = re.compile(
    r"\b(dnf|yum|snap|ufw|netplan|apt_key|ppa:|bookworm|trixie|jammy|noble)\b"
)


class Ec2:
    """Has one image, whatever is asked for."""

    def __init__(self, architecture: Architecture) -> None:
        self._architecture = architecture

    def describe_images(self, **_: Any) -> Any:
        kind = self._architecture.in_ec2
        return {"Images": [{"ImageId": "ami-1", "CreationDate": "1", "Architecture": kind}]}


def _bakes(os: OperatingSystem, architecture: Architecture) -> list[Bake]:
    """Return the bakes of both layers, with a role and without."""
    package = make_record("2.0").package
    package = type(package).from_json(
        {**package.to_json(), "release": {**package.release.to_json(), "project": "guestbook"}}
    )
    found = []
    for machine in (
        Machine(os=os, architecture=architecture),
        Machine(os=os, architecture=architecture, **SAID),
    ):
        layers = Layers(
            region="eu-west-1",
            unit="guestbook.service",
            config={},
            recipes=str(ROOT),
            machine=machine,
        )
        catalogue = ImageCatalogue(Ec2(architecture))
        found += [layers.base(catalogue, "bake"), layers.app(package, "ami-1", "bake")]
    return found


@pytest.mark.integration
@pytest.mark.parametrize("os", list(OperatingSystem))
def test_packer_and_ansible_can_read_what_they_are_given(
    containers: Containers, os: OperatingSystem
) -> None:
    for architecture in Architecture:
        for number, bake in enumerate(_bakes(os, architecture)):
            given = template_variables(bake, subnet="subnet-1", group="sg-1", endpoint="")
            files = {
                **bake.files,
                "bake.pkrvars.json": json.dumps(given).encode(),
                "variables.json": json.dumps(dict(bake.variables)).encode(),
            }
            check = (
                "cd /work && packer validate -var-file=bake.pkrvars.json packer && "
                "ANSIBLE_CONFIG=/work/ansible/ansible.cfg ansible-playbook --syntax-check "
                f"-i localhost, -e @variables.json {bake.playbook}"
            )
            code, said = containers.run(
                "slipway/toolbox:1",
                "sh",
                "-ec",
                check,
                files={f"work/{name}": content for name, content in files.items()},
                environment={"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"},
            )
            assert code == 0, f"{architecture} {number}: {said}"
            assert "WARNING" not in said.replace("[WARNING]: No inventory", "")


def test_no_role_uses_what_only_one_operating_system_has() -> None:
    for path in sorted((ROOT / "ansible").rglob("*.yml")):
        text = re.sub(r"#.*", "", path.read_text())
        assert not _ONE_FAMILYS.search(text), path


def test_a_machine_of_a_projects_own_gets_all_that_every_other_gets() -> None:
    usual = yaml.safe_load((ROOT / "ansible/roles/app/tasks/main.yml").read_text())
    (play,) = yaml.safe_load((ROOT / "ansible/machine.yml").read_text())
    wanted = [
        {"name": "app", "tasks_from": one["ansible.builtin.import_tasks"]}
        if "ansible.builtin.import_tasks" in one
        else one["ansible.builtin.import_role"]
        for one in usual
    ]
    steps = [one.get("ansible.builtin.import_role") for one in play["tasks"]]
    assert [one for one in steps if one in wanted] == wanted


def test_every_collection_is_pinned_to_one_version() -> None:
    pinned = yaml.safe_load((ROOT / "ansible" / "requirements.yml").read_text())
    for one in pinned["collections"]:
        assert re.fullmatch(r"\d+\.\d+\.\d+", str(one.get("version"))), one


COLLECTION = """\
cd /tmp && ansible-galaxy collection init acme.web >/dev/null && mkdir -p acme/web/roles/hello/tasks
printf -- '- ansible.builtin.debug: {msg: found it}\\n' > acme/web/roles/hello/tasks/main.yml
ansible-galaxy collection build acme/web --output-path /tmp >/dev/null
printf 'collections: [{name: /tmp/acme-web-1.0.0.tar.gz, type: file}]' > /tmp/requirements.yml
"""


@pytest.mark.integration
def test_a_collection_is_installed_where_roles_find_it(containers: Containers) -> None:
    """As the toolbox's Dockerfile does it, from Galaxy."""
    dockerfile = (ROOT / "include" / "images" / "toolbox" / "Dockerfile").read_text()
    (install,) = re.findall(r"ansible-galaxy collection install [^\\]+", dockerfile)
    play = "[{hosts: localhost, connection: local, gather_facts: false, roles: [acme.web.hello]}]"
    run = f"{COLLECTION}{install}\necho '{play}' > p.yml && ansible-playbook -i localhost, p.yml"
    code, said = containers.run("slipway/toolbox:1", "sh", "-ec", run)
    assert code == 0, said
    assert "found it" in said
