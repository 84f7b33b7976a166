"""What containers write arrives whole, against real Docker."""

from __future__ import annotations

import threading
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import StepTimedOut
from slipway.model.text.log_lines import split_lines
from tests.integration.docker.whole_logs import containers
from tests.integration.docker.whole_logs.containers import counting, made, numbered, output_of

if TYPE_CHECKING:
    from slipway.hooks.docker.engine import ContainerEngine

pytestmark = pytest.mark.integration
engine = containers.engine


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
