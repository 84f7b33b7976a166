"""Packer finds its account's keys in the file that it is handed, and nobody else sees them."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import docker
import pytest

from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.tars import pack
from slipway.hooks.tools.recipes import recipe
from slipway.hooks.tools.tool_secrets import aws_credentials
from slipway.hooks.tools.toolbox import WORK, Toolbox

pytestmark = pytest.mark.integration
ROOT = Path(__file__).resolve().parents[3]
KEY, SECRET = f"AKIA{uuid.uuid4().hex[:16].upper()}", uuid.uuid4().hex
REFUSAL = b"""<Response><Errors><Error><Code>AuthFailure</Code><Message>no</Message></Error>
</Errors><RequestID>1</RequestID></Response>"""


class _Cloud(BaseHTTPRequestHandler):
    """Refuses everybody, and remembers who asked."""

    asked: list[str] = []  # noqa: RUF012

    def do_POST(self) -> None:
        self.asked.append(self.headers.get("Authorization", ""))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(401)
        self.send_header("Content-Length", str(len(REFUSAL)))
        self.end_headers()
        self.wfile.write(REFUSAL)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Cloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_packer_signs_with_the_keys_it_was_handed(endpoint: str) -> None:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    keys = aws_credentials(
        {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "eu-west-1"}
    )
    variables = {
        "bake": "bake-1",
        "image_name": "image-1",
        "source_ami": "ami-1",
        "region": "eu-west-1",
        "endpoint": endpoint,
        "subnet_id": "subnet-1",
        "security_group_id": "sg-1",
        "tags": {},
        "playbook": f"{WORK}/ansible/base.yml",
        "variables": f"{WORK}/variables.json",
    }
    files = {
        **recipe(ROOT, "base"),
        "variables.json": b"{}",
        "bake.pkrvars.json": json.dumps(variables).encode(),
    }
    lines: list[str] = []
    box = Toolbox(engine=engine, name=f"slipway-{installation}")
    result = box.run(
        "packer",
        "build",
        f"-var-file={WORK}/bake.pkrvars.json",
        f"{WORK}/packer",
        files=pack(files),
        environment=keys.environment,
        secrets=keys.files,
        timeout=120,
        log=lines.append,
    )
    assert result.exit_code != 0
    assert any(f"Credential={KEY}/" in asked for asked in _Cloud.asked), lines
    assert SECRET not in "".join(lines)
    assert engine.remove_labelled({}) == 0
