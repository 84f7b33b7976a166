from __future__ import annotations

import io
import tarfile
from typing import Any
from unittest import mock

from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.tools.toolbox import NOBODY, Toolbox
from slipway.model.container import ContainerSpec, ToolResult

RESULT = ToolResult(exit_code=3, output_tail=["x"], collected=None, seconds=1.0)


def run(*argv: str, user: str | None = None, **options: Any) -> tuple[ContainerSpec, Any]:
    engine = mock.create_autospec(ContainerEngine, instance=True)
    engine.run_tool.return_value = RESULT
    box = Toolbox(engine=engine, name="slipway-x", labels={"slipway.run": "1"}, user=user)
    assert box.run(*argv, timeout=60, log=print, **options) is RESULT
    (spec,), given = engine.run_tool.call_args
    return spec, given


def test_a_tool_runs_in_one_container_and_its_exit_code_is_an_answer() -> None:
    spec, options = run("goose", "up", files=b"tar", environment={"A": "b"})
    assert (spec.entrypoint, spec.argv) == (("goose",), ("up",))
    assert spec.environment == {"A": "b"}
    assert (spec.network, spec.image) == ("host", "slipway/toolbox:1")
    assert spec.labels == {"slipway.kind": "tool", "slipway.run": "1"}
    assert (options["files"], options["files_at"], options["timeout"]) == (b"tar", "/work", 60)
    assert options["stdin"] is None
    assert spec.tmpfs == {}


def test_a_tool_has_limits_and_no_capabilities() -> None:
    spec, _ = run("nfpm")
    assert spec.limits.memory == spec.limits.memory_swap == 4 << 30
    assert (spec.limits.cpus, spec.limits.pids) == (4.0, 4096)
    assert spec.security.drop == ("ALL",)
    assert spec.security.add == ()
    assert spec.security.no_new_privileges
    assert not spec.security.privileged


def test_secrets_go_through_standard_input_into_memory_and_nowhere_else() -> None:
    spec, options = run("packer", "build", user=NOBODY, secrets={"key": "s3cret"})
    assert "s3cret" not in repr(spec)
    assert spec.argv is not None
    assert spec.argv[-2:] == ("packer", "build")
    assert spec.tmpfs["/run/secrets"] == "size=1m,mode=0700,uid=65534,gid=65534"
    assert "/tmp" in spec.tmpfs
    assert spec.argv[-3] == str(len(options["stdin"]))
    with tarfile.open(fileobj=io.BytesIO(options["stdin"])) as tar:
        member = tar.extractfile("key")
        assert member is not None
        assert member.read() == b"s3cret"
