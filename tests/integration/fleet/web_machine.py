"""A machine image with a small web server, for swaps on real machines."""

from __future__ import annotations

import json
from typing import Any

# Serves the version that its launch gave it; a release called bad is never healthy, and one called
# sly is healthy and yet not ready.
SERVER = """\
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
with open("/etc/slipway/instance.env") as file:
    said = dict(line.strip().split("=", 1) for line in file)["SLIPWAY_VERSION"].encode()
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


def bake_web(ec2: Any) -> str:
    """Install the server on a machine, and return the id of its image.

    :param ec2: boto3 client of the embedded cloud.
    """
    files = [{"path": path, "content": content} for path, content in FILES.items()]
    data = "#cloud-config\n" + json.dumps({"write_files": files})
    names = [{"Name": "name", "Values": ["debian-12-amd64-slipway"]}]
    seed = ec2.describe_images(Owners=["self"], Filters=names)["Images"][0]["ImageId"]
    builder = ec2.run_instances(ImageId=seed, MinCount=1, MaxCount=1, UserData=data)["Instances"][
        0
    ]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[builder], WaiterConfig={"Delay": 1})
    image = str(ec2.create_image(InstanceId=builder, Name="web")["ImageId"])
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig={"Delay": 1})
    ec2.terminate_instances(InstanceIds=[builder])
    return image
