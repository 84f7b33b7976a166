"""What containers write arrives whole, against real Docker."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import tracemalloc
import uuid
from typing import TYPE_CHECKING

import docker
import pytest

from slipway.exceptions import ContainerEngineError, PipelineStopped, StepTimedOut
from slipway.hooks.disk_queue import Spill
from slipway.hooks.docker import output as container_output
from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.container import CannotStart, ContainerSpec
from slipway.model.text.log_lines import split_lines
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.load import load
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from slipway.pipeline.runtime.result import PipelineResult

pytestmark = pytest.mark.integration
IMAGE = "slipway/debian:12"
SOCKET = "/var/run/docker.sock"


@pytest.fixture
def engine() -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    yield engine
    engine.remove_labelled({})


def made(engine: ContainerEngine, script: str) -> str:
    return engine.create(
        ContainerSpec(
            name=f"slipway-{engine.installation}",
            image=IMAGE,
            entrypoint=("/bin/sh", "-c"),
            argv=(script,),
        )
    )


def output_of(
    engine: ContainerEngine,
    script: str,
    *,
    timeout: float = 60,
    use: Callable[[bytes], None] = lambda _: None,
) -> tuple[int, bytes]:
    came: list[bytes] = []

    def output(chunk: bytes) -> None:
        came.append(chunk)
        use(chunk)

    code = engine.run_streaming(made(engine, script), timeout=timeout, output=output)
    return code, b"".join(came)


def numbered(count: int) -> list[str]:
    return [f"line {number} of a verbose build tool, with text after it" for number in range(count)]


def counting(count: int) -> str:
    return f"seq -f 'line %.0f of a verbose build tool, with text after it' 0 {count - 1}"


def test_a_burst_before_the_end_is_whole_each_time(engine: ContainerEngine) -> None:
    for _ in range(15):
        code, came = output_of(engine, f"{counting(100_000)}; echo THE-REASON; exit 3")
        assert code == 3
        assert list(split_lines([came])) == [*numbered(100_000), "THE-REASON"]


def test_whoever_reads_slowly_misses_nothing_and_needs_no_memory(engine: ContainerEngine) -> None:
    delays = iter([0.5] * 12)
    tracemalloc.start()
    count = 300_000
    script = f"{counting(count)}; echo THE-REASON >&2"
    lines, reasons = 0, 0

    def output(chunk: bytes) -> None:
        nonlocal lines, reasons
        time.sleep(next(delays, 0))
        lines += chunk.count(b"\n")
        # Two pipes: which of the two the engine reads first at the end is not ours to say.
        reasons += chunk.count(b"THE-REASON\n")

    engine.run_streaming(made(engine, script), timeout=60, output=output)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (lines, reasons) == (count + 1, 1)
    assert peak < 8 << 20


def test_both_outputs_are_whole_and_tear_no_line_apart(engine: ContainerEngine) -> None:
    script = "seq -f 'out %.0f' 0 19999 & seq -f 'err %.0f' 0 19999 >&2; wait"
    came = list(split_lines([output_of(engine, script)[1]]))
    for name in ("out", "err"):
        mine = [line for line in came if line.startswith(name)]
        assert mine == [f"{name} {number}" for number in range(20_000)]
    assert len(came) == 40_000


def test_a_container_that_is_killed_leaves_what_it_wrote(engine: ContainerEngine) -> None:
    container = made(engine, f"echo first; {counting(5000)}; while :; do sleep 1; done")
    came: list[bytes] = []
    written = threading.Event()

    def output(chunk: bytes) -> None:
        came.append(chunk)
        if b"line 4999 " in chunk:
            written.set()

    def kill() -> None:
        assert written.wait(30)
        engine.kill(container)

    threading.Thread(target=kill, daemon=True).start()
    assert engine.run_streaming(container, timeout=60, output=output) == 137
    assert list(split_lines(came)) == ["first", *numbered(5000)]


def test_a_container_that_ends_at_once_is_heard(engine: ContainerEngine) -> None:
    for _ in range(10):
        assert output_of(engine, "echo only; exit 9") == (9, b"only\n")


def test_a_last_line_without_end_long_lines_and_bytes_that_are_no_text(
    engine: ContainerEngine,
) -> None:
    script = (
        "head -c 65536 /dev/zero | tr '\\0' x; echo; head -c 300000 /dev/zero | tr '\\0' y; echo;"
        "printf '\\000\\377\\001\\n'; printf 'no end'"
    )
    code, came = output_of(engine, script)
    assert code == 0
    assert came == b"x" * 65_536 + b"\n" + b"y" * 300_000 + b"\n\x00\xff\x01\nno end"


def test_a_program_that_closes_its_outputs_and_goes_on_is_waited_for(
    engine: ContainerEngine,
) -> None:
    began = time.monotonic()
    script = "echo one; echo two >&2; exec >&- 2>&-; sleep 4; exit 5"
    code, came = output_of(engine, script)
    assert (code, sorted(came.split())) == (5, [b"one", b"two"])
    assert time.monotonic() - began > 4


def test_a_time_limit_leaves_what_was_written(engine: ContainerEngine) -> None:
    came: list[bytes] = []
    container = made(engine, f"{counting(5000)}; sleep 60")
    with pytest.raises(StepTimedOut):
        engine.run_streaming(container, timeout=2, output=came.append)
    assert list(split_lines(came)) == numbered(5000)


def test_what_goes_wrong_while_it_is_used_is_told_and_holds_nothing_up(
    engine: ContainerEngine,
) -> None:
    def full(_: bytes) -> None:
        msg = "no space left"
        raise OSError(msg)

    with pytest.raises(OSError, match="no space left"):
        output_of(engine, counting(200_000), use=full)


# An engine that goes away: a proxy in front of it that is cut


class Proxy:
    """Forwards to Docker's socket, until it is told to cut.

    :param attached_only: cut the connection that carries a container's output and no other.
    """

    def __init__(self, path: Path, *, attached_only: bool) -> None:
        self._attached_only = attached_only
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(16)
        self._pairs: list[tuple[bool, socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        if not self._attached_only:
            self._server.close()
        for attached, *pair in self._pairs:
            if attached or not self._attached_only:
                for one in pair:
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(ours,), daemon=True).start()

    def _serve(self, ours: socket.socket) -> None:
        theirs = socket.socket(socket.AF_UNIX)
        theirs.connect(SOCKET)
        threading.Thread(target=_copy, args=(theirs, ours), daemon=True).start()
        while data := _received(ours):
            if b"/attach?" in data:
                self._pairs.append((True, ours, theirs))
            elif (False, ours, theirs) not in self._pairs:
                self._pairs.append((False, ours, theirs))
            with contextlib.suppress(OSError):
                theirs.sendall(data)


def _received(one: socket.socket) -> bytes:
    try:
        return one.recv(1 << 16)
    except OSError:
        return b""


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := _received(source):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cut_engine(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Proxy, ContainerEngine]]:
    proxy = Proxy(tmp_path / "docker.sock", attached_only=request.param)
    installation = f"test-{uuid.uuid4().hex[:8]}"
    client = docker.APIClient(base_url=f"unix://{tmp_path / 'docker.sock'}", timeout=60)
    yield proxy, ContainerEngine(client, installation=installation)
    ContainerEngine(docker.APIClient(timeout=60), installation=installation).remove_labelled({})


SCRIPT = f"{counting(40_000)}; sleep 3; echo after; sleep 1; {counting(100)} >&2; exit 4"


@pytest.mark.parametrize("cut_engine", [True], indirect=True)
def test_an_output_whose_connection_breaks_is_read_to_its_end_all_the_same(
    cut_engine: tuple[Proxy, ContainerEngine],
) -> None:
    proxy, engine = cut_engine
    cut = threading.Event()

    def use(chunk: bytes) -> None:
        if b"line 20000 " in chunk and not cut.is_set():
            cut.set()
            proxy.cut()

    code, came = output_of(engine, SCRIPT, use=use)
    assert cut.is_set()
    assert code == 4
    assert list(split_lines([came])) == [*numbered(40_000), "after", *numbered(100)]


@pytest.mark.parametrize("cut_engine", [False], indirect=True)
def test_an_engine_that_goes_away_leaves_what_was_written_and_says_what_is_missing(
    cut_engine: tuple[Proxy, ContainerEngine],
) -> None:
    proxy, engine = cut_engine
    came: list[bytes] = []

    def output(chunk: bytes) -> None:
        came.append(chunk)
        if b"line 39999 " in chunk:
            proxy.cut()

    with pytest.raises(ContainerEngineError):
        engine.run_streaming(made(engine, SCRIPT), timeout=60, output=output)
    *lines, last = split_lines(came)
    assert lines == numbered(40_000)
    assert last.startswith("(what the container wrote from here on is missing: ")


def gone(_: object) -> Iterator[tuple[int, bytes]]:
    msg = "its log is not kept"
    raise ContainerEngineError(msg)


@pytest.mark.parametrize("cut_engine", [True], indirect=True)
def test_an_output_that_cannot_be_read_any_more_fails_and_says_so(
    cut_engine: tuple[Proxy, ContainerEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_output._Attached, "missed", gone)
    proxy, engine = cut_engine
    came: list[bytes] = []

    def output(chunk: bytes) -> None:
        came.append(chunk)
        proxy.cut()

    script = f"while :; do {counting(1000)}; done & sleep 3"
    with pytest.raises(container_output.OutputLost, match="its log is not kept"):
        engine.run_streaming(made(engine, script), timeout=60, output=output)
    assert list(split_lines(came))[-1] == "(the rest of the output is missing: its log is not kept)"


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
