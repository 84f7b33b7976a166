"""What a machine says of itself, and what it keeps to itself."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from slipway.hooks.explain import on_machine
from slipway.hooks.explain.explainer import command, unpack
from slipway.hooks.explain.on_machine import MASK, forms, mask, pack, report, secret_values
from slipway.model.cloud.health_check import HealthCheck, Scheme
from tests.ansible.settings import VALUES, reader

SECRET = 'pa$$ "w0rd"/+ä\\n\''
URL = "postgres://shop:hunter%2Btwo@db.internal:5432/shop?sslmode=require"
KEY = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
AS_WRITTEN = {
    "as it is": SECRET,
    "in JSON": json.dumps({"password": SECRET}),
    "in JSON as people read it": json.dumps({"password": SECRET}, ensure_ascii=False),
    "as Python shows it": repr([SECRET]),
    "in a URL": f"https://shop:{quote(SECRET, safe='')}@example.com/",
    "in base64": base64.b64encode(SECRET.encode()).decode(),
    "as a login": base64.b64encode(f"u:{SECRET}".encode()).decode(),
    "as another login": base64.b64encode(f"me:{SECRET}".encode()).decode(),
    "in hexadecimal": SECRET.encode().hex(),
    "in a page": "<p>pa$$ &quot;w0rd&quot;/+ä\\n&#x27;</p>",
}


@pytest.mark.parametrize("text", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_a_secret_is_masked_however_the_service_wrote_it(text: str) -> None:
    said = mask(f"before {text} behind", forms([SECRET]))
    assert MASK in said
    for part in ("w0rd", quote(SECRET, safe="")[4:12], SECRET.encode().hex()[8:20]):
        assert part not in said
    assert said.startswith("before ")
    assert said.endswith(" behind")


def test_each_line_of_a_key_and_the_password_in_a_url_are_secrets_too() -> None:
    journal = [
        "MIIEvQIBADANBgkq",
        "got hkiG9w0BAQEFAASC",
        'FATAL: password authentication failed for "hunter+two"',
    ]
    told = report({"journal": journal, "own_answers": []}, forms([KEY, URL]))
    assert told["journal"] == [
        MASK,
        f"got {MASK}",
        f'FATAL: password authentication failed for "{MASK}"',
    ]


@pytest.mark.parametrize(
    "value",
    [
        '{"region": "eu-west-1", "db": {"user": "shop", "password": "hunter+two"}}',
        '{"keys": ["hunter+two"], "region": "eu-west-1"}',
        '{"service": {"url": "https://shop:hunter+two@db/"}}',
        "host=db.internal user=shop password=hunter+two sslmode=require",
        "host=db.internal password = 'hunter+two' dbname=eu-west-1",
        "Server=db;User Id=shop;Pwd=hunter+two;Region=eu-west-1",
        "https://api.example.com/hook?access_token=hunter+two&region=eu-west-1",
        "redis://db:6379/0?ssl_password=hunter+two",
        "smtp_user: shop\nsmtp_passphrase: hunter+two\n",
    ],
)
def test_a_secret_within_a_setting_is_masked_by_itself(value: str) -> None:
    said = mask("eu-west-1: FATAL: hunter+two is wrong for shop", forms([value]))
    assert said == f"eu-west-1: FATAL: {MASK} is wrong for shop"


def test_a_key_within_json_is_masked_line_by_line() -> None:
    value = json.dumps({"type": "service_account", "pem": KEY})
    assert mask("read MIIEvQIBADANBgkq", forms([value])) == f"read {MASK}"


def test_short_values_hide_nothing_else() -> None:
    value = '{"token_ttl": 3600, "keys_enabled": true, "pin_token": 123456}'
    assert mask("True 3600 123456", forms([value])) == f"True 3600 {MASK}"
    assert mask("port 80 is up", forms(["80", "up", ""])) == "port 80 is up"


def test_a_port_that_is_a_parameter_as_well_is_still_a_port() -> None:
    found = {"listens": ["0.0.0.0:8000 (hunter2)"], "own_answers": []}
    assert report(found, forms(["8000", "hunter2"]))["listens"] == ["0.0.0.0:8000 (******)"]


def test_it_reads_what_the_machine_wrote() -> None:
    """The one script writes the file, the other reads it."""
    writes = reader()
    values = [SECRET, URL, KEY, *VALUES.values()]
    text = "".join(writes.line(f"NAME_{n}", value) for n, value in enumerate(values))
    assert secret_values(text) == values


def test_what_is_too_much_is_cut_from_its_beginning() -> None:
    dice = random.Random(1)
    noise = [f"{base64.b64encode(dice.randbytes(480)).decode()} {n}" for n in range(150)]
    noise[-1] = "the last words"
    found = {"journal": noise, "status": ["active"], "own_answers": ["http://x: HTTP 500"]}
    told = report(found, [])
    assert len(told["journal"]) == 100
    assert all(len(line) <= 500 for line in told["journal"])
    output = pack(told)
    assert len(output) < 24_000
    read = unpack(output)
    assert read["status"] == ("active",)
    assert read["journal"][-1] == "the last words"


class _Broken(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"cannot reach {URL}\n".encode()
        self.send_response(500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def broken() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Broken)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


def test_what_is_sent_to_a_machine_runs_there(broken: int, tmp_path: Path) -> None:
    """As Systems Manager runs it: by a shell, with nothing but Python."""
    secrets = tmp_path / "secrets.env"
    secrets.write_text(f'DATABASE_URL="{URL}"\n')
    questions = [
        HealthCheck(scheme=Scheme.HTTP, port=broken, path="/healthz"),
        HealthCheck(scheme=Scheme.HTTP, port=1, path="/healthz"),
        HealthCheck(scheme=Scheme.TCP, port=broken),
    ]
    line = command("127.0.0.1", questions, secrets=str(secrets))
    assert "{{" not in line
    ran = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, check=True, timeout=30
    )
    told = unpack(ran.stdout)
    answers = sorted(told["own_answers"])
    assert len(answers) == 2
    assert f"http://127.0.0.1:{broken}/healthz: HTTP 500" in answers[1]
    assert answers[1].endswith(f"cannot reach {MASK}")
    assert "ConnectionRefusedError" in answers[0]
    assert any(place.startswith(f"127.0.0.1:{broken} ") for place in told["listens"])


def test_a_machine_without_secrets_tells_all_the_same(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A parameter was missing, so the file was never written, and the service never began."""
    asked = {"address": "127.0.0.1", "questions": [], "secrets": str(tmp_path / "none")}
    on_machine.main(base64.b64encode(json.dumps(asked).encode()).decode())
    told = unpack(capsys.readouterr().out)
    assert told["parameters"] or told["status"]


def test_addresses_are_read_as_the_kernel_writes_them(tmp_path: Path) -> None:
    head = "  sl  local_address rem_address   st tx rx tr tm retrnsmt   uid  timeout inode\n"
    (tmp_path / "tcp").write_text(
        head
        + "   0: 0100007F:270F 00000000:0000 0A 0:0 0:0 0 0 0 4711 1\n"
        + "   1: 0100007F:9C40 0100007F:270F 01 0:0 0:0 0 0 0 4712 1\n"
    )
    (tmp_path / "tcp6").write_text(
        head + f"   0: {'0' * 32}:1F90 {'0' * 32}:0000 0A 0:0 0:0 0 0 0 4713 1\n"
    )
    found = on_machine.sockets(str(tmp_path))
    assert found == [("127.0.0.1:9999", "4711"), ("[::]:8080", "4713")]
