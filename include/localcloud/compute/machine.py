"""One instance's container: a systemd machine with the instance's own address."""

from __future__ import annotations

import base64
import dataclasses
import io
import tarfile
from typing import Any

from docker.errors import APIError

from include.localcloud.compute.cgroups import make_writable
from include.localcloud.compute.cloud_config import WrittenFile
from include.localcloud.compute.confinement import ENTRYPOINT, HOST, cgroup_parent
from include.localcloud.compute.files import (
    first_boot_files,
    ids,
    missing_folders,
    pack,
    pack_folders,
)
from include.localcloud.engine import INSTANCE, Engine
from include.localcloud.settings import CloudSettings

_SHUTDOWN_SECONDS = 10
# Nothing of a service's own journal, as on AWS; bytes.
_JOURNAL = "journalctl --no-pager -b -o short -n 200"
_CONSOLE = [*_JOURNAL.split(), "_PID=1", "+", "SYSLOG_IDENTIFIER=cloud-init"]
_MOST_SAID = 65536
# Machines that are gone whose last words are kept.
_REMEMBERED = 100


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class MachineOrder:
    """Everything needed to boot an instance, read from moto under its lock.

    :param instance_id: the machine's id.
    :param address: in the VPC.
    :param image: Docker image of the instance's AMI.
    :param public_key: the key pair's public half, or nothing.
    :param user_data: as it was given.
    """

    instance_id: str
    address: str
    image: str
    public_key: str
    user_data: bytes


class Machines:
    """Boots, stops, starts and removes containers of instances.

    :param engine: the Docker of this installation.
    :param settings: of the cloud they belong to.
    """

    def __init__(self, *, engine: Engine, settings: CloudSettings) -> None:
        self._engine = engine
        self._settings = settings
        self._said: dict[str, bytes] = {}

    def name(self, instance_id: str) -> str:
        """Return the name of the instance's container."""
        return f"slipway-cloud-{self._settings.installation}-{instance_id}"

    def running(self) -> dict[str, bool]:
        """Return, by instance id, whether the container runs; dead ones are there as well."""
        found = self._engine.containers("cloud-instance")
        return {one["Labels"][INSTANCE]: one["State"] == "running" for one in found}

    def boot(self, order: MachineOrder) -> None:
        """Make the container, place the files of the first boot, start it."""
        address = order.address
        container = self._engine.create(
            self.name(order.instance_id),
            order.image,
            kind="cloud-instance",
            labels={INSTANCE: order.instance_id},
            hostname=f"ip-{address.replace('.', '-')}",
            environment={"container": "docker"},
            entrypoint=ENTRYPOINT,
            host={**HOST, "cgroup_parent": self._cgroup_parent()},
            networking_config=self._engine.address(self._settings.network, address),
        )
        self._place(container, order)
        self._power_on(container)

    def start(self, instance_id: str) -> None:
        """Start a stopped machine again, with the disk it had."""
        self._power_on(self.name(instance_id))

    def stop(self, instance_id: str) -> None:
        """Shut the machine down as its power button would."""
        self._engine.api.stop(self.name(instance_id), timeout=_SHUTDOWN_SECONDS)

    def remove(self, instance_id: str) -> None:
        """Remove the machine and its disk; what it said at last is still asked for."""
        self._said[instance_id] = self._logs(instance_id)
        for old in list(self._said)[:-_REMEMBERED]:
            self._said.pop(old, None)
        self._engine.remove(self.name(instance_id))

    def commit(self, instance_id: str, repository: str, tag: str) -> None:
        """Make an image of the machine's disk."""
        self._engine.api.commit(self.name(instance_id), repository=repository, tag=tag)

    def run(
        self, instance_id: str, command: list[str], *, seconds: int, most: int
    ) -> tuple[int, bytes, bytes]:
        """Run a command on the machine, as root.

        :param instance_id: the machine's id.
        :param command: program and arguments.
        :param seconds: after which it is killed.
        :param most: bytes that are kept of what it writes, of each of its two outputs.
        :returns: its exit code, its output, its errors.
        :raises APIError: when the machine does not run.
        """
        api = self._engine.api
        limited = ["timeout", "-k", "1", str(seconds), *command]
        begun = api.exec_create(self.name(instance_id), limited, user="root")["Id"]
        kept = (bytearray(), bytearray())
        for parts in api.exec_start(begun, stream=True, demux=True):
            for held, part in zip(kept, parts, strict=True):
                held += (part or b"")[: most - len(held)]
        code: int = api.exec_inspect(begun)["ExitCode"]
        return code, bytes(kept[0]), bytes(kept[1])

    def console(self, instance_id: str) -> bytes:
        """Return what a serial console would show: the init system's words, and cloud-init's.

        Of a machine that did not come up it is what its first program wrote, also when it is gone.
        """
        try:
            code, said, _ = self.run(instance_id, _CONSOLE, seconds=5, most=_MOST_SAID)
        except APIError:
            code, said = 1, b""
        if code == 0 and said.strip():
            return said
        return self._logs(instance_id) or self._said.get(instance_id, b"")

    def _logs(self, instance_id: str) -> bytes:
        try:
            output: bytes = self._engine.api.logs(self.name(instance_id), tail=200)
        except APIError:
            return b""
        return output

    def _power_on(self, container: str) -> None:
        self._engine.api.start(container)
        make_writable(self._engine.api, container, self._engine.labels("cloud-opener"))

    def _cgroup_parent(self) -> str:
        return cgroup_parent(self._settings.installation, self._engine.cgroup_driver())

    def _place(self, container: str, order: MachineOrder) -> None:
        files = first_boot_files(
            settings=self._settings, public_key=order.public_key, user_data=order.user_data
        )
        new = [
            folder
            for folder in missing_folders(file.path for file in files)
            if not self._exists(container, folder)
        ]
        self._engine.api.put_archive(container, "/", pack_folders(new))
        self._engine.api.put_archive(container, "/", self._pack(container, files))

    def _pack(self, container: str, files: list[WrittenFile]) -> bytes:
        users, groups = (
            ids(self._read(container, f"/etc/{table}")) for table in ("passwd", "group")
        )
        return pack(files, users=users, groups=groups)

    def _read(self, container: str, path: str) -> str:
        stream, _ = self._engine.api.get_archive(container, path)
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            member = tar.extractfile(tar.getmembers()[0])
            return member.read().decode() if member else ""

    def _exists(self, container: str, path: str) -> bool:
        # Only the head: Docker would begin to pack the whole folder.
        api: Any = self._engine.api
        answer = api.head(api._url("/containers/{0}/archive", container), params={"path": path})
        return bool(answer.ok)


def machine_order(ec2: Any, instance: Any, image: str) -> MachineOrder:
    """Read from moto what the instance needs to boot; hold the lock."""
    pair = ec2.key_pairs.get(instance.key_name)
    data = instance.user_data
    return MachineOrder(
        instance_id=instance.id,
        address=instance.private_ip,
        image=image,
        public_key=_authorized_key(pair) if pair else "",
        user_data=base64.b64decode(data.as_bytes()) if data else b"",
    )


def _authorized_key(pair: Any) -> str:
    """Return the key as EC2 gives it to a machine: the pair's name is its comment.

    Packer removes its temporary key from an image by that comment.
    """
    return " ".join((*pair.public_key.split()[:2], pair.key_name))
