from __future__ import annotations

import re
import time
import warnings

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slipway.pipeline.yaml.conditions import Condition
from slipway.pipeline.yaml.globs import PatternTooComplex, matches, shell_pattern


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("**a" * 40 + "b", "a" * 250),
        ("*a" * 40 + "b", "a" * 250),
        ("**/" * 40 + "b", "a/" * 120 + "a"),
        ("**/*" * 40 + "b", "a/" * 120 + "a"),
        ("?*" * 80, "/" * 200),
        ("*" * 499 + "b", "a" * 4000),
        ("**/" * 160 + "b", "a" * 4000),
        ("[ab]*" * 90 + "c", "ab" * 2000),
        ("{**a,*b,**/c}" * 3 + "d", "abc/" * 1000),
    ],
)
def test_no_pattern_takes_longer_than_its_length_says(pattern: str, value: str) -> None:
    began = time.perf_counter()
    assert not matches(pattern, value)
    assert time.perf_counter() - began < 20


def test_a_pattern_that_stands_for_too_many_is_refused_at_once_with_the_number() -> None:
    for pattern in (
        "{a,b}" * 40,
        "{" * 30 + "a" + ",b}" * 30 + "{a,b,c}" * 9,
        "{a,b" * 90 + "}" * 90,
    ):
        began = time.perf_counter()
        with pytest.raises(PatternTooComplex, match="more than 50 others"):
            matches(pattern, "a" * 40)
        assert time.perf_counter() - began < 10


def test_a_pattern_as_long_as_the_file_is_refused_with_the_number() -> None:
    with pytest.raises(PatternTooComplex, match="has 250000 characters; 500 is the limit"):
        Condition(include=("*a" * 125_000,)).matches("a")


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("**a*b", "a/ab", True),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/xb", False),
        ("**/**/a", "x/y/z/a", True),
        ("{a,{b,c}d}", "cd", True),
        ("{a,}b", "b", True),
        ("{}", "", True),
        ("a,b}", "a,b}", True),
        ("{a,b", "a", False),
        ("{a,b", "{a,b", True),
        ("[z-a]", "[z-a]", True),
        ("[!]", "[!]", True),
        ("[^/]x", "ax", True),
        ("[!a]", "/", True),
        (r"[\]]", r"\]", True),
        ("a\nb", "a\nb", True),
        ("**", "a\nb", True),
    ],
)
def test_sister_patterns_mean_what_they_meant(pattern: str, value: str, expected: bool) -> None:
    assert matches(pattern, value) is expected


_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?[^\]]+\]|\\.|[{},]|[^*?\[\\{},]+|.", re.DOTALL)
_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def as_expression(pattern: str) -> str:
    """The meaning of a pattern as a regular expression, which takes for ever on some values."""
    out, depth = [], 0
    for part in _PARTS.findall(pattern):
        if part in _WILD:
            out.append(_WILD[part])
        elif part == "{":
            depth += 1
            out.append("(?:")
        elif part == "}" and depth:
            depth -= 1
            out.append(")")
        elif part == "," and depth:
            out.append("|")
        elif len(part) > 2 and part[0] == "[":
            inner = part[1:-1].replace("\\", "\\\\")
            out.append(f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]")
        else:
            out.append(re.escape(part[1] if part[0] == "\\" and len(part) == 2 else part))
    return "".join(out)


@given(st.text(alphabet="ab/**?[]!{},\\-", max_size=9), st.text(alphabet="ab/-", max_size=6))
def test_a_pattern_means_what_its_expression_means(pattern: str, value: str) -> None:
    # An empty set swallows what follows it in an expression; here it is malformed.
    assume("[!]" not in pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expression = as_expression(pattern)
            expected = bool(re.fullmatch(expression, value, re.DOTALL))
        except re.error:
            expected = pattern == value
        try:
            assert matches(pattern, value) is expected
        except PatternTooComplex:
            assert pattern.count("{") > 2


def test_a_shells_pattern_knows_no_parts_of_paths() -> None:
    assert shell_pattern("a*").ends("ab/c") == [1, 2, 3, 4]
    assert shell_pattern("[!b]?").ends("a/c") == [2]
    assert shell_pattern("[z-a]").ends("z") == []
    assert shell_pattern("[").ends("[") == [1]
    assert shell_pattern(".gz", backwards=True).ends("zg.rat") == [3]
