"""The evaluator itself: what it says of policies whose meaning AWS documents."""

from __future__ import annotations

from typing import Any

import pytest

from tests.include.iam.evaluator import Request, allowed

ARN = "arn:aws:s3:::a/b"


def says(condition: dict[str, Any], context: dict[str, Any]) -> bool:
    statement = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*", "Condition": condition}
    request = Request(action="s3:GetObject", resource=ARN, context=context)
    return allowed([{"Statement": [statement]}], request)


def test_a_denial_wins_and_silence_is_one() -> None:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}
    asked = Request(action="s3:GetObject", resource=ARN)
    assert allowed([{"Statement": [allow]}], asked)
    assert not allowed([{"Statement": [allow]}, {"Statement": [deny]}], asked)
    assert not allowed([{"Statement": []}], asked)


@pytest.mark.parametrize(
    ("condition", "context", "right"),
    [
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a"}}, {"K": "a"}, True),
        ({"StringEquals": {"k": "a*"}}, {"k": "ab"}, False),
        ({"StringEquals": {"k": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"k": "a"}}, {"k": "b"}, False),
        ({"StringLike": {"k": "a?c*"}}, {"k": "abcd"}, True),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Null": {"k": "false"}}, {"k": ()}, False),
        ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ("a", "b")}, True),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {"k": ("a", "b")}, False),
        ({"ForAllValues:StringEquals": {"k": ["a"]}}, {}, True),
        ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {"k": ("a", "b")}, True),
        ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {}, False),
        ({"Bool": {"k": "true"}}, {"k": "true"}, True),
        ({"Bool": {"k": "true"}}, {"k": "false"}, False),
        ({"Bool": {"k": "true"}}, {}, False),
        ({"BoolIfExists": {"k": "true"}}, {"k": "false"}, False),
        ({"BoolIfExists": {"k": "true"}}, {}, True),
        ({"ArnLike": {"k": "arn:aws:x:*:*:y/*"}}, {"k": "arn:aws:x:r:1:y/z"}, True),
        ({"ArnLike": {"k": "arn:aws:*:y/z"}}, {"k": "arn:aws:x:r:1:y/z"}, False),
        ({"StringEquals": {"k": "${aws:X}"}}, {"k": "1", "aws:X": "1"}, True),
        ({"StringEquals": {"k": "${aws:X}"}}, {"k": "2", "aws:X": "1"}, False),
        ({"StringEquals": {"k": "a"}, "Null": {"j": "true"}}, {"k": "a", "j": "x"}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, Any], right: bool) -> None:
    assert says(condition, context) is right


def test_what_it_does_not_know_is_not_passed_over() -> None:
    for condition in ({"NumericLessThan": {"k": "1"}}, {"ForSome:StringEquals": {"k": "1"}}):
        with pytest.raises((AssertionError, KeyError)):
            says(condition, {"k": "1"})
    with pytest.raises(AssertionError, match="several values"):
        says({"StringEquals": {"k": "a"}}, {"k": ("a", "b")})
