"""A machine image with a small web server, for swaps on real machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# Serves the version that its launch gave it; a release called bad is never healthy, and one called
# sly is healthy and yet not ready.
SERVER = """\
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
with open("/etc/slipway/instance.env") as file:
    said = dict(line.strip().split("=", 1) for line in file)["SLIPWAY_VERSION"].encode()
# What a setting says behind it, where the image was baked with one.
if os.path.exists("/etc/web.conf"):
    with open("/etc/web.conf", "rb") as file:
        said += b" " + file.read()
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        bad = said.startswith(b"bad") or (said.startswith(b"sly") and self.path == "/ready")
        self.send_response(503 if bad else 200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""
SEED = "debian-12-amd64-slipway"
_NEVER = "[Unit]\nConditionPathExists=/nowhere\n"
FILES = {
    "/opt/web.py": SERVER,
    "/etc/systemd/system/web.service": "[Service]\nExecStart=/usr/bin/python3 /opt/web.py\n",
    "/etc/systemd/system/multi-user.target.d/web.conf": "[Unit]\nWants=web.service\n",
    "/etc/slipway/instance.env": "SLIPWAY_VERSION=bad-builder\n",
    # Nobody logs in, and making keys takes longer than all the rest of a boot.
    "/etc/systemd/system/ssh-host-keys.service.d/none.conf": _NEVER,
    "/etc/systemd/system/ssh.service.d/none.conf": _NEVER,
}


def bake_web(
    ec2: Any, name: str = "web", *, source: str = "", files: Mapping[str, str] = FILES
) -> str:
    """Install the server on a machine, and return the id of its image.

    :param ec2: boto3 client of the embedded cloud.
    :param name: of the image.
    :param source: id of the image that it starts from; that of the operating system when empty.
    :param files: that the machine has besides.
    """
    written = [{"path": path, "content": content} for path, content in files.items()]
    data = "#cloud-config\n" + json.dumps({"write_files": written})
    names = [{"Name": "name", "Values": [SEED]}]
    seed = source or ec2.describe_images(Owners=["self"], Filters=names)["Images"][0]["ImageId"]
    builder = ec2.run_instances(ImageId=seed, MinCount=1, MaxCount=1, UserData=data)["Instances"][
        0
    ]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[builder], WaiterConfig={"Delay": 1})
    image = str(ec2.create_image(InstanceId=builder, Name=name)["ImageId"])
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
    ec2.terminate_instances(InstanceIds=[builder])
    return image
