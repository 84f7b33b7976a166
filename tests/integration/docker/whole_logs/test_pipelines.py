"""What the steps of whole pipelines write arrives whole."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import PipelineStopped
from slipway.hooks.disk_queue import Spill
from slipway.model.container import CannotStart, ContainerSpec
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.load import load
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.runner import Runner
from tests.integration.docker.whole_logs import containers
from tests.integration.docker.whole_logs.containers import IMAGE, counting, numbered

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine
    from slipway.pipeline.runtime.result import PipelineResult

pytestmark = pytest.mark.integration
engine = containers.engine


# Whole pipelines


def runner(
    engine: ContainerEngine, text: str, log: list[str], given: Given | None = None
) -> Runner:
    file = load(f"kind: pipeline\n{text}".encode(), file=".drone.yml", trusted=False)
    build = Build(id=f"slipway-{engine.installation}", labels={"slipway.run": "r"})
    output = LogGroups(lambda lines: log.extend(lines.split("\n")), together=200, waiting=Spill)
    spec = compile_pipeline(file.pipelines[0], build)
    return Runner(engine, spec, output=output, timeout=120, given=given)


def pipeline(
    engine: ContainerEngine, text: str, log: list[str], given: Given | None = None
) -> PipelineResult:
    return runner(engine, text, log, given).run(None)


def test_the_first_error_of_a_step_beside_a_slow_one_is_there(engine: ContainerEngine) -> None:
    log: list[str] = []
    text = (
        "clone: {disable: true}\nsteps:\n"
        f"- {{name: slow, image: '{IMAGE}', commands: [sleep 4], depends_on: [clone]}}\n"
        f"- {{name: tests, image: '{IMAGE}', depends_on: [clone], commands:"
        " [echo FIRST-ERROR-HERE, \"seq -f 'line %.0f' 1 30000\", exit 1]}\n"
    )
    assert pipeline(engine, text, log).broken == ("tests",)
    at = log.index("FIRST-ERROR-HERE")
    first = log.index("line 1")
    assert at < first
    assert log[first : first + 30_000] == [f"line {number}" for number in range(1, 30_001)]


def test_a_task_that_is_stopped_leaves_what_its_steps_wrote_side_by_side(
    engine: ContainerEngine,
) -> None:
    log: list[str] = []
    text = (
        "clone: {disable: true}\nsteps:\n"
        f"- {{name: slow, image: '{IMAGE}', commands: [echo one, sleep 60], depends_on: [clone]}}\n"
        f"- {{name: loud, image: '{IMAGE}', depends_on: [clone], commands:"
        " [\"seq -f 'line %.0f' 1 30000\", sleep 60]}\n"
    )
    stopped = runner(engine, text, log)
    threading.Timer(5, stopped.stop).start()
    with pytest.raises(PipelineStopped):
        stopped.run(None)
    assert "one" in log
    assert [line for line in log if line.startswith("line ")] == [
        f"line {number}" for number in range(1, 30_001)
    ]
    assert not any("missing" in line for line in log)


def test_a_secret_in_a_burst_is_masked_wherever_it_waits(engine: ContainerEngine) -> None:
    log: list[str] = []
    text = (
        "clone: {disable: true}\nsteps:\n"
        f"- {{name: slow, image: '{IMAGE}', commands: [sleep 4], depends_on: [clone]}}\n"
        f"- {{name: loud, image: '{IMAGE}', depends_on: [clone], "
        "environment: {TOKEN: {from_secret: token}}, "
        'commands: ["for i in $(seq 1 30000); do echo $i $TOKEN; done"]}\n'
    )
    secret = "s3cr3t-T0ken-0123456789"
    given = Given(secrets={"token": secret})
    assert pipeline(engine, text, log, given).broken == ()
    assert secret not in "\n".join(log)
    assert sum(line.endswith(" ******") for line in log) >= 30_000


def test_a_background_step_is_shown_from_its_first_line(engine: ContainerEngine) -> None:
    log: list[str] = []
    text = (
        "clone: {disable: true}\nsteps:\n"
        f"- {{name: server, image: '{IMAGE}', detach: true,"
        " commands: [seq 1 5000, sleep 60]}\n"
        f"- {{name: tests, image: '{IMAGE}', commands: [sleep 2]}}\n"
    )
    assert pipeline(engine, text, log).broken == ()
    at = log.index("::group::server, from its beginning")
    numbers = [line for line in log[at:] if line.isdigit()]
    assert numbers == [str(number) for number in range(1, 5001)]


def test_a_program_that_is_not_there_is_told_and_nothing_is_called_missing(
    engine: ContainerEngine,
) -> None:
    came: list[bytes] = []
    name = f"slipway-{engine.installation}"
    container = engine.create(ContainerSpec(name=name, image=IMAGE, entrypoint=("/no/such",)))
    with pytest.raises(CannotStart):
        engine.run_streaming(container, timeout=60, output=came.append)
    assert came == []


def test_a_tool_that_reads_its_secrets_and_writes_a_burst_is_heard_whole(
    engine: ContainerEngine,
) -> None:
    lines: list[str] = []
    spec = ContainerSpec(
        name=f"slipway-{engine.installation}",
        image=IMAGE,
        entrypoint=("/bin/sh", "-c"),
        argv=(f"head -n 1; {counting(100_000)}; echo THE-REASON >&2; exit 3",),
    )
    result = engine.run_tool(spec, stdin=b"from stdin\n", timeout=60, log=lines.append)
    assert result.exit_code == 3
    assert sorted(lines) == sorted(["from stdin", *numbered(100_000), "THE-REASON"])
    assert [line for line in lines if line.startswith("line")] == numbered(100_000)
    assert len(result.output_tail) == 50
