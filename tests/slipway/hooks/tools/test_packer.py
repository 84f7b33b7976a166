from __future__ import annotations

import io
import json
import tarfile
from threading import Event
from typing import Any
from unittest.mock import create_autospec

import pytest

from slipway.exceptions import BakeFailed, CloudUnavailable, EarlyBakeFutile, ToolFailed
from slipway.hooks.aws.connection import Account
from slipway.hooks.aws.machine_images import BuildNetwork, ImageCatalogue
from slipway.hooks.tars import pack
from slipway.hooks.tools.packer import Bake, bake, failure, made
from slipway.model.container import ToolResult

PREFIX = "    amazon-ebs.machine: "


def test_a_failed_task_is_named_with_what_it_said() -> None:
    lines = [
        f"{PREFIX}TASK [app : Add the repository] ***",
        f"{PREFIX}changed: [default]",
        f"{PREFIX}TASK [app : Install the package] ***",
        f"{PREFIX}fatal: [default]: FAILED! => {{'msg': 'no package shop'}}",
        f"{PREFIX}PLAY RECAP ***",
    ]
    error = failure(lines)
    assert isinstance(error, BakeFailed)
    assert "the task 'app : Install the package'" in str(error)
    assert "no package shop" in str(error)


def test_a_task_that_fails_at_one_of_several_things_is_named() -> None:
    lines = [
        "TASK [app : Download the package] ***",
        'failed: [default] (item=shop) => {"msg": "no such version", "rc": 100}',
        "PLAY RECAP ***",
        "default : ok=9 changed=5 unreachable=0 failed=1",
    ]
    error = failure(lines)
    assert "Ansible failed in the task 'app : Download the package'" in str(error)
    assert "no such version" in str(error)


@pytest.mark.parametrize(
    "said",
    [
        "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)",
        "Failed to lock apt for exclusive operation: Failed to lock directory /var/lib/apt/lists/",
        "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend)",
    ],
)
def test_a_lock_that_somebody_holds_is_nobodys_recipe(said: str) -> None:
    error = failure(["TASK [app : Read our repository] ***", f"fatal: [default]: FAILED! {said}"])
    assert isinstance(error, ToolFailed)
    assert "holds apt's lock" in error.advice


def test_an_api_that_failed_is_worth_another_try() -> None:
    lines = ["==> Error launching: RequestError: send request failed", "connection refused"]
    assert isinstance(failure(lines), CloudUnavailable)


def test_anything_else_shows_the_last_lines() -> None:
    error = failure(["Error: Unsupported block type", "on machine.pkr.hcl line 3"])
    assert isinstance(error, BakeFailed)
    assert "Unsupported block type" in str(error)


def test_no_line_at_all() -> None:
    assert isinstance(failure([]), BakeFailed)


BAKE = Bake(
    name="b",
    image_name="shop-1.0",
    files={},
    playbook="p",
    source_image="ami-0",
    region="eu-west-1",
    tags={},
)


def _manifest(*artifacts: str) -> bytes:
    noted: dict[str, Any] = {"builds": [{"artifact_id": one} for one in artifacts]}
    return pack({"manifest.json": json.dumps(noted).encode()})


def test_the_image_is_the_one_that_packer_noted() -> None:
    assert made(_manifest("eu-west-1:ami-1"), BAKE) == "ami-1"
    assert made(_manifest("us-east-1:ami-2", "eu-west-1:ami-1"), BAKE) == "ami-1"


@pytest.mark.parametrize("manifest", [b"", _manifest(), _manifest("us-east-1:ami-2", "ami-3")])
def test_without_a_note_there_is_no_image(manifest: bytes) -> None:
    with pytest.raises(BakeFailed, match="noted no image in eu-west-1"):
        made(manifest, BAKE)


class _Packer:
    """A toolbox whose Packer waits for the word, and ends by it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def run(self, *_: str, files: bytes, begun: Any, **__: Any) -> ToolResult:
        self._take(files)
        if begun is not None:
            told = Event()

            def put(packed: bytes) -> None:
                self._take(packed)
                told.set()

            begun(put)
            assert told.wait(10)
        ok = self.files["begin"] == b"yes\n"
        built = {"builds": [{"artifact_id": "eu-west-1:ami-1"}]}
        return ToolResult(
            exit_code=0 if ok else 1,
            output_tail=[],
            collected=pack({"manifest.json": json.dumps(built).encode()}) if ok else None,
            seconds=1.0,
        )

    def _take(self, packed: bytes) -> None:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            for member in archive:
                content = archive.extractfile(member)
                assert content
                self.files[member.name] = content.read()


def _baked(packer: _Packer, find: Any = None) -> str:
    plan = Bake(
        name="slipway-bake-shop.dev.1-app",
        image_name="shop-candidate",
        files={},
        playbook="ansible/site.yml",
        source_image="ami-0",
        region="eu-west-1",
        tags={},
        variables={"app_version": "1.0"},
    )
    toolbox: Any = packer
    catalogue = create_autospec(ImageCatalogue, instance=True)
    catalogue.sweep.return_value = []
    catalogue.ground.return_value = BuildNetwork(vpc="vpc-1", subnet="subnet-1", cidr="10.0.0.0/8")
    catalogue.open_group.return_value = "sg-1"
    where = create_autospec(Account, instance=True, endpoint=None, environment={})
    image: str = bake(
        plan, toolbox=toolbox, catalogue=catalogue, account=where, log=print, find=find
    )
    assert catalogue.sweep.call_count == 2, "before, and after"
    return image


@pytest.mark.parametrize(
    ("find", "version"), [(None, "1.0"), (lambda _: {"app_version": "2.0"}, "2.0")]
)
def test_what_is_installed_is_known_before_or_found_while_the_builder_waits(
    find: Any, version: str
) -> None:
    packer = _Packer()
    assert _baked(packer, find) == "ami-1"
    assert json.loads(packer.files["variables.json"]) == {"app_version": version}


def test_where_nothing_is_found_that_is_why_packer_failed() -> None:
    def find(_: Event) -> Any:
        msg = "build_deb is failed"
        raise EarlyBakeFutile(msg)

    with pytest.raises(EarlyBakeFutile, match="build_deb is failed"):
        _baked(_Packer(), find)
