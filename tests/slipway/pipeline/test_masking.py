from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.pipeline.masking import MASK, SHORTEST, Masker, masked_engine
from tests.fakes.container_engine import FakeEngine

SECRET = 'p&ss w0rd/"x"'


@pytest.mark.parametrize(
    "shown",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        quote(SECRET),
        quote(SECRET, safe=""),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_a_secret_is_masked_in_all_its_clothes(shown: str) -> None:
    masked = Masker([SECRET])(f"before {shown} after")
    assert MASK in masked
    assert SECRET not in masked
    assert masked.startswith("before ")
    assert masked.endswith(" after")


@given(
    st.text(alphabet="abcXYZ019 +/&%äé", min_size=6, max_size=20).filter(lambda s: s == s.strip()),
    st.binary(max_size=4), st.binary(max_size=4),
)  # fmt: skip
def test_base64_at_any_offset(secret: str, before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + secret.encode() + after).decode()
    assert MASK in Masker([secret])(encoded)


def test_each_line_of_a_key_is_masked() -> None:
    mask = Masker(["-----BEGIN KEY-----\nabcdefgh\nijklmnop\n-----END KEY-----\n"])
    assert mask("abcdefgh") == MASK
    assert mask("x ijklmnop y") == f"x {MASK} y"


def test_short_words_are_left_alone() -> None:
    assert Masker(["a" * (SHORTEST - 1), "", "  "])("aaa bbb") == "aaa bbb"
    assert Masker([])("anything") == "anything"


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert Masker(["secret", "secret-and-more"])("secret-and-more") == MASK


def test_an_engines_lines_are_masked_and_the_rest_is_the_engines() -> None:
    engine = masked_engine(FakeEngine(), ["hunter2x"])
    engine.create_network("n", {})
    assert engine.ensure_image("i").id == "sha256:1"
