from __future__ import annotations

import pytest

from slipway.hooks.docker.frames import Braid, Frames
from tests.slipway.hooks.docker.framed import frame

STREAM = frame(1, b"one\ntw") + frame(2, b"error\n") + frame(1, b"") + frame(1, b"o\n" * 300)


@pytest.mark.parametrize("size", [1, 3, 7, 8, 9, 64, 4096])
def test_frames_and_their_heads_may_be_cut_anywhere(size: int) -> None:
    frames, came = Frames(), {1: b"", 2: b""}
    for at in range(0, len(STREAM), size):
        for output, part in frames.feed(STREAM[at : at + size]):
            came[output] += part
    assert came == {1: b"one\ntwo\n" + b"o\n" * 299, 2: b"error\n"}
    assert not frames.cut


@pytest.mark.parametrize("end", [3, 11])
def test_a_stream_that_ends_in_the_middle_of_a_frame_was_cut(end: int) -> None:
    frames = Frames()
    frames.feed(STREAM[:end])
    assert frames.cut


def test_an_error_does_not_tear_the_line_that_was_being_written_apart() -> None:
    braid, frames = Braid(), Frames()
    told = b"".join(braid.feed(*part) for part in frames.feed(STREAM))
    assert told == b"one\nerror\ntwo\n" + b"o\n" * 299


def test_what_has_no_end_is_told_at_the_end_each_by_itself() -> None:
    braid = Braid()
    assert braid.feed(1, b"out") + braid.feed(2, b"err") == b""
    assert braid.close() == b"out\nerr"
    assert braid.close() == b""


def test_a_line_that_never_ends_does_not_wait_for_ever() -> None:
    braid = Braid()
    told = b"".join(braid.feed(1, b"x" * 65_536) for _ in range(64)) + braid.close()
    assert told == b"x" * (64 * 65_536)
    assert len(braid._begun) == 0
