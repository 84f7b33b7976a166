"""The signature of a request is the one that AWS's own SDK would make."""

from __future__ import annotations

import re
import socket
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from slipway.hooks.apt.front.s3 import Bucket, _word

REGION = "eu-central-1"
DIGEST = "0" * 64


@pytest.mark.parametrize("token", ["", "a-token"])
@pytest.mark.parametrize(
    ("base", "key", "query"),
    [
        ("https://apt.s3.eu-central-1.amazonaws.com", "pool/main/s/shop_1.0+2~x y_all.deb", {}),
        ("http://127.0.0.1:4566/slipway-apt", "dists/stable/InRelease", {}),
        (
            "https://apt.s3.eu-central-1.amazonaws.com",
            "",
            {"list-type": "2", "prefix": "dists/a+b c/", "continuation-token": "1/+=="},
        ),
    ],
)
def test_a_request_is_signed_as_aws_signs_it(
    base: str, key: str, query: dict[str, str], token: str
) -> None:
    keys = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "s3cret/+"}
    if token:
        keys["aws_session_token"] = token
    bucket = Bucket(base, REGION, keys)
    path = quote(f"{bucket._base.path}/{key}" if key else bucket._base.path or "/", safe="/-_.~")
    words = "&".join(f"{_word(name)}={_word(value)}" for name, value in sorted(query.items()))
    given = {"x-amz-acl": "public-read", "if-match": '"1"', "content-type": "a/b"}
    ours = bucket._signed("PUT", path, words, DIGEST, given)
    where = f"{bucket._base.scheme}://{bucket._base.netloc}{path}"
    asked = AWSRequest("PUT", f"{where}?{words}" if words else where, headers=dict(given))
    asked.headers["X-Amz-Content-SHA256"] = DIGEST
    asked.headers["X-Amz-Date"] = asked.context["timestamp"] = ours["x-amz-date"]
    if token:
        asked.headers["X-Amz-Security-Token"] = token
    for name in ("if-match", "content-type"):  # need not be signed
        del asked.headers[name]
    theirs = S3SigV4Auth(Credentials("AKIA", "s3cret/+", token or None), "s3", REGION)
    text = theirs.string_to_sign(asked, theirs.canonical_request(asked))
    found = re.search("Signature=(.*)", ours["authorization"])
    assert found
    assert found[1] == theirs.signature(text, asked)


def test_a_connection_that_was_closed_for_standing_idle_is_made_anew(bucket: Bucket) -> None:
    assert bucket.send("PUT", "a", body=b"x").status == 200
    kept = bucket._own.connection = bucket._connect()
    kept.connect()
    kept.sock.shutdown(socket.SHUT_RDWR)
    assert bucket.send("GET", "a").body == b"x"


def test_whatever_stays_away_is_given_up() -> None:
    away = Bucket("http://127.0.0.1:9", REGION, {})
    with pytest.raises(OSError, match="refused"):
        away.patiently("GET", "a")
