from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from slipway.model.text.log_lines import LONGEST, blocks, split_lines


def test_lines_and_characters_may_be_spread_over_chunks() -> None:
    chunks = [b"on", b"e\ntw\xc3", b"\xbc\n", b"\n", b"end"]
    assert list(split_lines(chunks)) == ["one", "twü", "", "end"]


def test_what_is_not_utf8_is_replaced() -> None:
    assert list(split_lines([b"\xff!\n"])) == ["\N{REPLACEMENT CHARACTER}!"]


def test_a_progress_bar_shows_its_last_state() -> None:
    assert list(split_lines([b" 10%\r 50%\r100%\r\nnext\r\n"])) == ["100%", "next"]


def test_a_line_without_end_comes_in_bounded_pieces() -> None:
    pieces = list(split_lines([b"x" * 100_000] * 5))
    assert max(map(len, pieces)) == LONGEST
    assert sum(map(len, pieces)) == 500_000


def test_a_long_line_is_cut_between_two_characters() -> None:
    for ahead in range(4):
        line = "x" * ahead + "\N{GRINNING FACE}" * 50_000
        pieces = list(split_lines([f"short\n{line}\nnext".encode()]))
        assert (pieces[0], "".join(pieces[1:-1]), pieces[-1]) == ("short", line, "next")


@given(st.binary(max_size=300), st.lists(st.integers(0, 300)))
def test_cutting_differently_changes_nothing(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    chunks = [data[a:b] for a, b in itertools.pairwise(edges)]
    assert list(split_lines(chunks)) == list(split_lines([data]))


def test_lines_that_come_at_once_are_put_together_and_long_ones_are_not() -> None:
    lines = [f"line {number}" for number in range(450)]
    together = list(blocks(lines, 200))
    assert [block.count("\n") + 1 for block in together] == [200, 200, 50]
    assert "\n".join(together).split("\n") == lines
    assert list(blocks(lines, 1)) == lines
    assert list(blocks([], 200)) == []
    long = ["x" * 20_000, "y" * 20_000, ""]
    assert list(blocks(long, 200)) == long
