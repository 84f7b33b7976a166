"""What is placed on a machine before its first boot."""

from __future__ import annotations

import io
import ipaddress
import tarfile
from pathlib import Path

from include.localcloud.compute.cloud_config import WrittenFile
from include.localcloud.compute.files import first_boot_files, ids, missing_folders, pack
from include.localcloud.settings import CloudSettings

SETTINGS = CloudSettings(
    home=Path("/nowhere"),
    installation="test",
    port=4566,
    cidr=ipaddress.IPv4Network("10.213.0.0/16"),
    region="eu-west-1",
)


def test_packs_with_the_machine_s_own_ids() -> None:
    users = ids("root:x:0:0::/root:/bin/sh\nadmin:x:1000:1000::/home/admin:/bin/sh\n")
    file = WrittenFile(path="/a/b", content=b"x", mode=0o600, owner="admin:slipway")
    archive = pack([file], users=users, groups={"slipway": 998})
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        [member] = tar.getmembers()
    assert (member.name, member.uid, member.gid, member.mode) == ("a/b", 1000, 998, 0o600)


def test_user_data_is_placed_raw_and_obeyed_last() -> None:
    data = b"#cloud-config\nwrite_files: [{path: /etc/machine-id, content: mine}]"
    files = first_boot_files(settings=SETTINGS, public_key="ssh-rsa AAAA k", user_data=data)
    by_path = {file.path: file for file in files}
    assert by_path["/var/lib/cloud/instance/user-data.txt"].content == data
    assert by_path["/home/admin/.ssh/authorized_keys"].content == b"ssh-rsa AAAA k\n"
    assert by_path["/etc/machine-id"].content == b"mine"


def test_services_find_the_cloud() -> None:
    files = first_boot_files(settings=SETTINGS, public_key="", user_data=b"")
    [manager] = [file for file in files if file.path.endswith("50-cloud.conf")]
    assert b'"AWS_ENDPOINT_URL=http://10.213.0.2"' in manager.content
    assert b'"AWS_REGION=eu-west-1"' in manager.content


def test_folders_come_outermost_first() -> None:
    assert missing_folders(["/a/b/c", "/a/d"]) == ["/a", "/a/b"]
