"""Which inputs of an image have changed, in words."""

from __future__ import annotations

from slipway.policies.image_inputs import changes, plain, setting_digest


def test_a_setting_is_told_with_both_values_and_what_is_a_digest_by_its_name() -> None:
    old = {"PORT": plain("80"), "HOST": plain(""), "role": "a" * 12, "GONE": plain("x")}
    new = {"PORT": plain("81"), "HOST": plain("b"), "role": "b" * 12, "NEW": plain("y")}
    assert changes(old, new) == [
        "GONE is gone",
        "HOST: nothing -> b",
        "NEW: y is new",
        "PORT: 80 -> 81",
        "role has changed",
    ]


def test_a_setting_that_was_written_down_as_a_digest_before_is_no_other_one() -> None:
    before = {"PORT": setting_digest("80")}
    assert changes(before, {"PORT": plain("80")}) == []
    assert changes({"PORT": plain("80")}, before) == []
    assert changes(before, {"PORT": plain("81")}) == ["PORT has changed"]


def test_a_setting_that_looks_like_a_digest_is_told_as_it_is() -> None:
    assert changes({"KEY": plain("a" * 12)}, {"KEY": plain("b" * 12)}) == [
        f"KEY: {'a' * 12} -> {'b' * 12}"
    ]
