from __future__ import annotations

import itertools
import threading
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.model.text.log_lines import LONGEST
from slipway.pipeline.masking.mask import MASK, Masker
from slipway.pipeline.masking.stream import MaskedStream, StreamMasker
from tests.slipway.pipeline.masking.secret_forms import FORMS, base64_of

if TYPE_CHECKING:
    from collections.abc import Iterable

SECRET = "p&ss w0rd/\"x'ä\\n$é-and-more"
KEY = "-----BEGIN KEY-----\nabcdefghijkl\nmn\nopqrstuvwxyz0123\n-----END KEY-----\n"
MASKER = Masker([SECRET, KEY, "hunter2xyz", "0123456789abcdef"])


def lines(chunks: Iterable[bytes], mask: Masker = MASKER) -> list[str]:
    out: list[str] = []
    stream = StreamMasker(mask, out.extend)
    for chunk in chunks:
        stream.feed(chunk)
    stream.close()
    return out


def cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted(one for one in cuts if one < len(data)), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_wherever_the_stream_is_cut(form: str) -> None:
    data = f"first line\nbefore {FORMS[form](SECRET)} after\nlast line\n".encode()
    whole = lines([data])
    assert MASK in "\n".join(whole)
    for at in range(len(data)):
        assert lines([data[:at], data[at:]]) == whole
    assert lines([data[at : at + 1] for at in range(len(data))]) == whole


PIECES = st.sampled_from(
    [form(SECRET) for form in FORMS.values()]
    + [
        base64_of(KEY, 20),
        KEY,
        KEY.replace("\n", "\\n"),
        "hunter2xyz",
        "0123456789abcdef",
        "hunt",
        "0123456",
        "\n",
        "\r\n",
        " ",
        "er2xyz",
        "text",
        "\x1b[1m",
        "\\",
        "%2",
        "&qu",
        "\u200b",
        "é",
    ]
)


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=6).map("".join), st.lists(st.integers(0, 400), max_size=12))
def test_any_cutting_gives_the_same_masked_output(text: str, cuts: list[int]) -> None:
    data = text.encode(errors="replace")
    assert lines(cut(data, cuts)) == lines([data])


@pytest.mark.parametrize("before", range(LONGEST - 30, LONGEST + 5, 3))
@pytest.mark.parametrize("form", ["as it is", "base64", "json", "hex"])
def test_a_secret_across_the_boundary_of_a_very_long_line_is_found(before: int, form: str) -> None:
    shown = FORMS[form](SECRET).encode()
    for size in (4096, LONGEST, 1 << 20):
        data = b"." * before + shown + b"." * LONGEST * 2
        out = lines(data[at : at + size] for at in range(0, len(data), size))
        assert MASK in "".join(out)
        assert SECRET[3:9] not in "".join(out)
        assert shown[5:20].decode(errors="replace") not in "".join(out)


def test_two_streams_halves_are_put_together_across_lines() -> None:
    wrapped = base64_of(SECRET, 10).encode().splitlines()
    out = lines([b"begin\n", *(line + b"\n" for line in wrapped), b"end\n"])
    assert out[0] == "begin"
    assert out[-1] == "end"
    assert set(out[1:-2]) == {MASK}
    assert out[-2].startswith(MASK)


def test_a_progress_bar_shows_its_last_state() -> None:
    assert lines([b" 10%\r 50%\r100% hunter2xyz\r\nnext\n"]) == [f"100% {MASK}", "next"]


def test_what_is_not_utf8_is_replaced() -> None:
    assert lines([b"\xff hunter2xyz\n"]) == [f"\N{REPLACEMENT CHARACTER} {MASK}"]


def test_a_line_is_not_held_back_for_what_may_follow_a_letter() -> None:
    out: list[str] = []
    stream = StreamMasker(MASKER, out.extend)
    for line in (b"with an h\n", b"hun\n", b"0\n"):
        stream.feed(line)
        assert not stream.holds
    assert out == ["with an h", "hun", "0"]


def test_what_may_be_a_secrets_beginning_is_held_back_until_it_is_not() -> None:
    out: list[str] = []
    stream = StreamMasker(MASKER, out.extend)
    stream.feed(b"go\nhunter\n")
    assert (out, stream.holds) == (["go"], True)
    stream.feed(b"gatherer\n")
    assert (out, stream.holds) == (["go", "hunter", "gatherer"], False)


def test_endless_noise_after_a_beginning_does_not_fill_the_memory() -> None:
    out: list[str] = []
    stream = StreamMasker(MASKER, out.extend)
    stream.feed(b"hunter2x")
    tracemalloc.start()
    for _ in range(600):
        stream.feed(b"\n" * 10)
    assert tracemalloc.get_traced_memory()[1] < 3 << 20
    tracemalloc.stop()
    assert len(out) > 5000
    assert "hunter2x" not in out


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    size = 0

    def count(lines: list[str]) -> None:
        nonlocal size
        size += sum(map(len, lines))

    stream = StreamMasker(MASKER, count)
    tracemalloc.start()
    for _ in range(100):
        stream.feed(b"hunter2x" * 8192)
    assert tracemalloc.get_traced_memory()[1] < 24 << 20
    tracemalloc.stop()
    stream.close()
    assert size == 100 * 8192 * 8 - len("hunter2x") + len(MASK)


# Beside whoever feeds it


class Live:
    def __init__(self, mask: Masker = MASKER) -> None:
        self.out: list[str] = []
        self.came = threading.Event()
        self.stream = MaskedStream(mask, self._take, patience=0.1)

    def _take(self, lines: list[str]) -> None:
        self.out += lines
        self.came.set()

    def wait(self) -> list[str]:
        assert self.came.wait(5)
        self.came.clear()
        return self.out


def test_lines_come_as_they_are_written() -> None:
    live = Live()
    for number in range(3):
        live.stream.line(f"line {number}")
        assert live.wait()[-1] == f"line {number}"
    live.stream.close()


def test_a_step_that_hangs_shows_what_it_wrote_and_not_the_beginning_of_a_secret() -> None:
    live = Live()
    live.stream.feed(b"waiting for hunt\n")
    assert live.wait() == ["waiting for hunt"]
    live.stream.feed(b"er2xyz and more\n")
    assert live.wait()[1:] == [f"{MASK} and more"]
    live.stream.feed(b"waiting for 0123456789\n")
    assert live.wait()[2:] == [f"waiting for {MASK}"]
    live.stream.feed(b"abcdef!\n")
    assert live.wait()[3:] == [f"{MASK}!"]
    live.stream.close()


def test_everything_has_come_when_it_is_closed() -> None:
    live = Live()
    for number in range(20_000):
        live.stream.feed(b"%d\n" % number)
    live.stream.feed(b"no end")
    live.stream.close()
    assert len(live.out) == 20_001
    assert live.out[-1] == "no end"


def test_whoever_writes_faster_than_is_read_waits() -> None:
    released = threading.Event()

    def wait(_: list[str]) -> None:
        released.wait(10)

    stream = MaskedStream(MASKER, wait)

    def write() -> None:
        for _ in range(100):
            stream.feed(b"x" * 65535 + b"\n")

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    time.sleep(0.3)
    assert writer.is_alive()
    assert len(stream._waiting) < 2 << 20
    released.set()
    writer.join(10)
    stream.close()


def test_what_goes_wrong_while_writing_is_told_to_whoever_closes() -> None:
    def broken(_: list[str]) -> None:
        msg = "no space left"
        raise OSError(msg)

    stream = MaskedStream(MASKER, broken)
    stream.line("x")
    time.sleep(0.1)
    stream.line("y")
    with pytest.raises(OSError, match="no space left"):
        stream.close()


def test_without_secrets_lines_come_at_once() -> None:
    live = Live(Masker(()))
    live.stream.line("a")
    assert live.out == ["a"]
    live.stream.feed(b"b")
    live.stream.close()
    assert live.out == ["a", "b"]
