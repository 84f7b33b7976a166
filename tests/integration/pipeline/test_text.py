"""What a file's texts come to in a real container."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import docker
import pytest

from slipway.hooks.docker.engine import ContainerEngine
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.runtime.build_runner import BuildRunner
from slipway.pipeline.runtime.log_groups import LogGroups
from tests.integration.pipeline.project import tar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.pipeline.runtime.result import BuildResult

pytestmark = pytest.mark.integration
IMAGES = {"debian:12": "slipway/debian:12"}
FILE = """\
shared: {env: &env {GREETING: hello, NOTHING: ""}}
kind: pipeline
steps:
- name: texts
  image: debian:11
  image: debian:12
  environment: {<<: *env, PRICE: 5$$, WORD: {from_secret: missing}}
  commands:
  - echo "$$GREETING $PRICE $${GREETING} \\\\/" > out
  - test "$(cat out)" = 'hello 5$ hello \\\\/'
  - test "$${NOTHING-unset} $${WORD-unset}" = "unset "
  - printf '%s' '{"text":"deployed by ${DRONE_COMMIT_AUTHOR}"}' > body.json
  - grep -q 'by Ada Lovelace' body.json
  - sed -e 's/@AUTHOR@/${DRONE_COMMIT_AUTHOR}/' about.txt | grep -q 'by Ada Lovelace$'
  - |
    cat > notes.txt <<'END'
    ${DRONE_COMMIT_MESSAGE}
    END
    test "$(cat notes.txt)" = "$DRONE_COMMIT_MESSAGE"
  - sh -c 'test "${DRONE_COMMIT_MESSAGE}" = "$DRONE_COMMIT_MESSAGE"'
  - test ! -e pwned
"""
VARIABLES = {
    "DRONE_COMMIT_AUTHOR": "Ada Lovelace",
    "DRONE_COMMIT_MESSAGE": 'It\'s "new"; $(touch pwned)\n`touch pwned`',
}


@pytest.fixture
def engine() -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    yield engine
    engine.remove_labelled({})


def run(engine: ContainerEngine, text: str, log: list[str]) -> BuildResult:
    build = Build(
        id=f"slipway-{uuid.uuid4().hex[:8]}",
        labels={"slipway.run": "r", "slipway.task": "t"},
        images=IMAGES,
        variables=VARIABLES,
    )
    spec = compile_file(load(text.encode(), file=".drone.yml", trusted=False), build)
    return BuildRunner(
        engine,
        spec,
        sources=lambda _: tar({"about.txt": "written by @AUTHOR@\n"}),
        output=LogGroups(log.append),
        timeout=60,
    ).run()


def test_texts_arrive_as_drone_would_paste_them_and_nothing_of_a_commit_runs(
    engine: ContainerEngine,
) -> None:
    log: list[str] = []
    result = run(engine, FILE, log)
    assert [step.state for step in result.steps] == ["passed"], "\n".join(log)
    assert [line.partition(":")[0] for line in log if line.startswith("warning")] == ["warning"] * 2
