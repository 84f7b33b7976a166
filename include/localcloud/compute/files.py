"""What is placed on a machine before it boots, as cloud-init would place it."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from include.localcloud.compute.cloud_config import WrittenFile, written_files
from include.localcloud.settings import ACCESS_KEY, SECRET_KEY, CloudSettings

USER = "admin"
_MANAGER = "/etc/systemd/system.conf.d/50-cloud.conf"
_USER_DATA = "/var/lib/cloud/instance/user-data.txt"
_KEYS = f"/home/{USER}/.ssh/authorized_keys"


def first_boot_files(
    *, settings: CloudSettings, public_key: str, user_data: bytes
) -> list[WrittenFile]:
    """Return every file to write, those of the user data last so that they win."""
    owner = f"{USER}:{USER}"
    keys = f"{public_key.strip()}\n".encode() if public_key.strip() else b""
    return [
        # An image is a copy of another machine: systemd gives each machine an identity of its own.
        WrittenFile(path="/etc/machine-id", content=b"", mode=0o444),
        WrittenFile(path=_KEYS, content=keys, mode=0o600, owner=owner),
        WrittenFile(path=_USER_DATA, content=user_data, mode=0o600),
        WrittenFile(path=_MANAGER, content=_manager(settings).encode()),
        *written_files(user_data),
    ]


def pack(
    files: Iterable[WrittenFile], *, users: Mapping[str, int], groups: Mapping[str, int]
) -> bytes:
    """Return the files as a tar for the root of a machine.

    :param files: in any order.
    :param users: numeric ids by name, from the machine's own ``/etc/passwd``.
    :param groups: the same from ``/etc/group``.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for file in files:
            member = tarfile.TarInfo(file.path.lstrip("/"))
            user, _, group = file.owner.partition(":")
            member.uid = users.get(user, 0)
            member.gid = groups.get(group or user, 0)
            member.mode, member.size, member.mtime = file.mode, len(file.content), int(time.time())
            tar.addfile(member, io.BytesIO(file.content))
    return buffer.getvalue()


def ids(table: str) -> dict[str, int]:
    """Read the numeric ids of ``/etc/passwd`` or ``/etc/group`` by name."""
    rows = (line.split(":") for line in table.splitlines())
    return {row[0]: int(row[2]) for row in rows if len(row) > 2 and row[2].isdigit()}


def missing_folders(paths: Iterable[str]) -> list[str]:
    """Return the folders of those paths, the outermost first."""
    folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    return sorted(folders - {"/"})


def pack_folders(folders: Iterable[str]) -> bytes:
    """Return a tar of folders that belong to root and that everybody may enter."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in folders:
            member = tarfile.TarInfo(folder.lstrip("/"))
            member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o755, int(time.time())
            tar.addfile(member)
    return buffer.getvalue()


def _manager(settings: CloudSettings) -> str:
    variables = {
        "AWS_ENDPOINT_URL": f"http://{settings.gateway}",
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        # Where AWS has the instance's role.
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }
    pairs = " ".join(f'"{name}={value}"' for name, value in variables.items())
    return f"[Manager]\nDefaultEnvironment={pairs}\n"
