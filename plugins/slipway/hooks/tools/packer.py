"""Packer and Ansible, in a toolbox container."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from slipway.exceptions import BakeFailed, CloudUnavailable, SlipwayError, ToolFailed
from slipway.hooks.aws.connection import Account
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.tars import pack
from slipway.hooks.tools.awaited import Awaited, Finder, yes
from slipway.hooks.tools.tool_secrets import aws_credentials
from slipway.hooks.tools.toolbox import WORK, Toolbox

# Seconds for one bake, and for Packer to take its builder away when it is stopped.
_TIMEOUT, _GRACE = 2400.0, 60.0
# Where Packer notes what it made.
_MANIFEST = f"{WORK}/manifest.json"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Lines that say that the API was at fault, and not what was baked.
# Of a task; of one of the things that a task does one after the other; of Ansible itself.
_FATAL = re.compile(r"fatal:|\bfailed: \[|FAILED!|ERROR!")
# apt's words, and Ansible's for them: whatever holds the lock comes to an end.
_LOCKED = re.compile(r"Could not get lock|Unable to (acquire|lock)|Failed to lock apt")
_API_AT_FAULT = re.compile(
    r"RequestError|connection refused|RequestLimitExceeded|InternalError|ServiceUnavailable"
    r"|Timeout waiting for SSH|i/o timeout",
    re.IGNORECASE,
)


_ENVIRONMENT = {
    # Packer looks every 15 s by default, which would be most of a bake's time.
    "AWS_POLL_DELAY_SECONDS": "1",
    "AWS_MAX_ATTEMPTS": "900",
    "PACKER_NO_COLOR": "1",
    "ANSIBLE_NOCOLOR": "1",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True, kw_only=True)
class Bake:
    """One image to be baked.

    :param name: of everything temporary; the next try finds it by that name.
    :param image_name: of the image.
    :param files: the layer's recipe.
    :param playbook: which of its files is played.
    :param source_image: what it starts from.
    :param region: AWS region.
    :param tags: on the image, its snapshots, and the builder: what went into it.
    :param marks: further tags on all of these, that say whose they are.
    :param builder_marks: further tags on the builder and its security group alone.
    :param variables: for the playbook.
    :param settings: further variables of the Packer template.
    :param inputs: all that goes into it, by name, in a few characters each: for whoever wants to
        know later what has changed.
    """

    name: str
    image_name: str
    files: Mapping[str, bytes]
    playbook: str
    source_image: str
    region: str
    tags: Mapping[str, str]
    marks: Mapping[str, str] = field(default_factory=dict)
    builder_marks: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


def bake(
    bake: Bake,
    *,
    toolbox: Toolbox,
    catalogue: ImageCatalogue,
    account: Account,
    log: Callable[[str], None],
    find: Finder | None = None,
) -> str:
    """Bake an image, and leave nothing but the image behind.

    :param bake: the image to be baked.
    :param toolbox: that Packer and Ansible are in.
    :param catalogue: of the account and region.
    :param account: the account.
    :param log: receives every line.
    :param find: finds the playbook's variables while the builder comes up; those of ``bake`` when
        None. Nothing is baked where it raises, and that is raised.
    :returns: the image's id, as Packer noted it: never what a search by tags finds.
    :raises BakeFailed: when Packer or Ansible fails on what goes into the image.
    :raises CloudUnavailable: when the cloud failed on the way.
    """
    for line in catalogue.sweep(bake.name, bake.image_name):
        log(f"removed what the last try left: {line}")
    ground = catalogue.ground()
    group = catalogue.open_group(bake.name, ground, {**bake.marks, **bake.builder_marks})
    try:
        return _run(
            bake, ground.subnet, group, toolbox=toolbox, account=account, log=log, find=find
        )
    finally:
        catalogue.sweep(bake.name, bake.image_name)


def _run(
    bake: Bake,
    subnet: str,
    group: str,
    *,
    toolbox: Toolbox,
    account: Account,
    log: Callable[[str], None],
    find: Finder | None,
) -> str:
    lines: list[str] = []

    def say(block: str) -> None:
        plain = (_COLOUR.sub("", line).rstrip() for line in block.split("\n"))
        told = [line for line in plain if line]
        if told:
            lines.extend(told)
            log("\n".join(told))

    variables = template_variables(
        bake, subnet=subnet, group=group, endpoint=account.endpoint or ""
    )
    files = {
        **bake.files,
        "bake.pkrvars.json": json.dumps(variables).encode(),
        **(yes(bake.variables) if find is None else {}),
    }
    keys = aws_credentials(account.environment)
    with Awaited(find, log) if find is not None else nullcontext() as awaited:
        result = toolbox.run(
            "packer",
            "build",
            "-color=false",
            f"-var-file={WORK}/bake.pkrvars.json",
            f"{WORK}/packer",
            files=pack(files),
            begun=awaited.begin if awaited else None,
            collect=_MANIFEST,
            timeout=_TIMEOUT,
            grace=_GRACE,
            log=say,
            secrets=keys.files,
            environment={**keys.environment, **_ENVIRONMENT},
        )
    if awaited and awaited.error:
        raise awaited.error
    if result.exit_code:
        raise failure(lines)
    return made(result.collected or b"", bake)


def template_variables(bake: Bake, *, subnet: str, group: str, endpoint: str) -> dict[str, Any]:
    """Return the values of the Packer template's variables.

    :param bake: the image to be baked.
    :param subnet: where the builder stands.
    :param group: the builder's security group.
    :param endpoint: EC2's URL; empty for AWS itself.
    """
    return {
        "bake": bake.name,
        "image_name": bake.image_name,
        "source_ami": bake.source_image,
        "region": bake.region,
        "endpoint": endpoint,
        "subnet_id": subnet,
        "security_group_id": group,
        "tags": {**bake.tags, **bake.marks},
        "builder_tags": dict(bake.builder_marks),
        "manifest": _MANIFEST,
        "playbook": f"{WORK}/{bake.playbook}",
        "variables": f"{WORK}/variables.json",
        **bake.settings,
    }


def made(collected: bytes, bake: Bake) -> str:
    """Read the id of the image out of Packer's manifest.

    Its lines on the screen will not do: whatever runs on the builder can write such lines as well.

    :param collected: a tar with the manifest.
    :param bake: what was to be baked.
    :raises BakeFailed: when it names no image of the region.
    """
    for manifest in _files(collected):
        artifacts = (one.get("artifact_id", "") for one in json.loads(manifest).get("builds", ()))
        for region, _, image_id in (artifact.partition(":") for artifact in artifacts):
            if region == bake.region and image_id:
                return str(image_id)
    msg = f"Packer said that {bake.image_name} is done, but it noted no image in {bake.region}"
    raise BakeFailed(msg, advice="run the task again; its log has what Packer said")


def _files(packed: bytes) -> list[bytes]:
    if not packed:
        return []
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        found = (archive.extractfile(member) for member in archive)
        return [content.read() for content in found if content is not None]


def failure(lines: list[str]) -> SlipwayError:
    """Say what a failed bake died of.

    :param lines: all that Packer and Ansible wrote.
    """
    fatal = [line for line in lines if _FATAL.search(line)]
    task = _last(
        [line for line in lines if "TASK [" in line and lines.index(line) < _index(lines, fatal)]
    )
    if fatal:
        msg = f"Ansible failed in {task}\n    {fatal[-1][:1000]}"
        if _LOCKED.search(fatal[-1]):
            return ToolFailed(msg, advice="another program holds apt's lock on the builder")
        return BakeFailed(msg, advice="correct the role or the package, and run it again")
    tail = "\n".join(f"    {line}" for line in lines[-8:])
    if any(_API_AT_FAULT.search(line) for line in lines):
        return CloudUnavailable(f"Packer could not reach what it needs:\n{tail}")
    return BakeFailed(f"Packer failed:\n{tail}", advice="its last lines say why")


def _index(lines: list[str], fatal: list[str]) -> int:
    return lines.index(fatal[-1]) if fatal else len(lines)


def _last(tasks: list[str]) -> str:
    found = re.search(r"TASK \[(.*?)\]", tasks[-1]) if tasks else None
    return f"the task '{found[1]}'" if found else "its first task"
