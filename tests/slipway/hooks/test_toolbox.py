from __future__ import annotations

from unittest import mock

from slipway.hooks.container_engine import ContainerEngine
from slipway.hooks.container_spec import ToolResult
from slipway.hooks.toolbox import Toolbox

RESULT = ToolResult(exit_code=3, output_tail=["x"], collected=None, seconds=1.0)


def test_a_tool_runs_in_one_container_and_its_exit_code_is_an_answer() -> None:
    engine = mock.create_autospec(ContainerEngine, instance=True)
    engine.run_tool.return_value = RESULT
    box = Toolbox(engine=engine, name="slipway-x", labels={"slipway.run": "1"})
    result = box.run(
        "goose", "up", files=b"tar", environment={"SECRET": "s"}, timeout=60, log=print
    )
    assert result is RESULT
    (spec,), options = engine.run_tool.call_args
    assert (spec.entrypoint, spec.argv) == (("goose",), ("up",))
    assert spec.environment == {"SECRET": "s"}
    assert (spec.network, spec.image) == ("host", "slipway/toolbox:1")
    assert spec.labels == {"slipway.kind": "tool", "slipway.run": "1"}
    assert (options["files"], options["files_at"], options["timeout"]) == (b"tar", "/work", 60)
