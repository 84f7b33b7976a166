"""Run aptly behind this front: files for rights, aptly's configuration and Release, then words."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from slipway.hooks.apt.front.index import Before, Index, Lost
from slipway.hooks.apt.front.s3 import Bucket
from slipway.hooks.apt.front.server import Server

# How it ends when the lock or the index is somebody else's by now; state.py's word for it, too.
LOST = 28
_KEYS = "AWS_SHARED_CREDENTIALS_FILE"


def main(rights: str, config: str, signed: str, *words: str) -> int:
    """Run aptly, and let machines find what it wrote if all went well.

    :param rights: a file of JSON: the bucket's URL, the distribution's folder, the lock.
    :param config: aptly's.
    :param signed: where the Release file is that was signed.
    :param words: aptly's arguments.
    :returns: the exit code.
    """
    told = json.loads(Path(rights).read_text())
    bucket = Bucket(told["bucket"], os.environ["AWS_REGION"], _keys())
    index = Index(bucket, told["folder"])
    with ThreadPoolExecutor(1) as beside:
        before = beside.submit(Before.of, bucket, told["folder"])
        failed = _aptly(bucket, index, json.loads(Path(config).read_text()), words)
        if failed:
            return failed
        try:
            index.upload(before.result(), lambda: _is_held(bucket, told), Path(signed).read_bytes())
        except Lost:
            return LOST
        except OSError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


def _aptly(bucket: Bucket, index: Index, config: dict[str, Any], words: tuple[str, ...]) -> int:
    user = secrets.token_hex(16)
    server = Server(bucket, index, user)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for place in config["S3PublishEndpoints"].values():
        place["endpoint"] = f"http://127.0.0.1:{server.server_port}"
    behind = Path("/dev/shm/aptly.json")  # noqa: S108 - this container's own
    behind.write_text(json.dumps(config))
    given = {name: value for name, value in os.environ.items() if name != _KEYS}
    given |= {"AWS_ACCESS_KEY_ID": user, "AWS_SECRET_ACCESS_KEY": user}
    argv = ["aptly", f"-config={behind}", *words]
    return subprocess.run(argv, env=given, check=False).returncode  # noqa: S603 - Slipway's words


def _is_held(bucket: Bucket, told: dict[str, Any]) -> bool:
    found = bucket.patiently("GET", told["lock"])
    try:
        return bool(json.loads(found.body)["token"] == told["token"])
    except (ValueError, KeyError, TypeError):
        return False


def _keys() -> dict[str, str]:
    lines = Path(os.environ[_KEYS]).read_text().splitlines()
    parts = (line.partition(" = ") for line in lines)
    return {name: value for name, _, value in parts if value}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
