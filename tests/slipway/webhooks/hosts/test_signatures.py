"""What it takes to be believed."""

from __future__ import annotations

import pytest

from slipway.exceptions import HookRefused
from tests.slipway.webhooks.deliveries import (
    OTHER_SECRET,
    PUSHES,
    SECRET,
    Delivery,
    digest,
)
from tests.slipway.webhooks.hosts.payloads import HOSTS, said

SIGNING = [host for host in HOSTS if host != "gitlab"]


@pytest.mark.parametrize("host", HOSTS)
def test_while_a_secret_is_replaced_both_are_valid_and_no_third(host: str) -> None:
    made, _ = PUSHES[host]
    for secret in (SECRET, OTHER_SECRET):
        assert said(made(secret), (SECRET, OTHER_SECRET))
    with pytest.raises(HookRefused):
        said(made(b"x" * 32), (SECRET, OTHER_SECRET))


@pytest.mark.parametrize("host", HOSTS)
def test_without_a_secret_nothing_is_believed(host: str) -> None:
    """Not even what is signed with the empty one, or with what stands in for one."""
    made, _ = PUSHES[host]
    for secret in (SECRET, b"", bytes(32)):
        with pytest.raises(HookRefused):
            said(made(secret), ())


@pytest.mark.parametrize("host", HOSTS)
def test_the_secret_of_another_repository_is_none(host: str) -> None:
    with pytest.raises(HookRefused):
        said(PUSHES[host][0](OTHER_SECRET))


@pytest.mark.parametrize("host", SIGNING)
def test_one_byte_more_or_less_or_other_is_another_payload(host: str) -> None:
    made, _ = PUSHES[host]
    delivery = made(SECRET)
    body = delivery.body
    for changed in (body + b" ", body[:-1], body.replace(b"main", b"mair"), b"", b"\n" + body):
        with pytest.raises(HookRefused):
            said(Delivery(headers=delivery.headers, body=changed))


def _bad_signatures(given: str, body: bytes) -> dict[str, str | None]:
    prefix, hexadecimal = given[:-64], given[-64:]
    sha1, sha512 = digest(SECRET, body, "sha1"), digest(SECRET, body, "sha512")
    return {
        "missing": None,
        "empty": "",
        "only the prefix": prefix or "sha256=",
        "wrong": prefix + "0" * 64,
        "upper case": prefix + hexadecimal.upper(),
        "upper case prefix": f"SHA256={hexadecimal}",
        "truncated": given[:-1],
        "half": given[:-32],
        "longer": given + "0",
        "sha1": f"sha1={sha1}",
        "sha1 called sha256": f"sha256={sha1}",
        "sha1 alone": sha1,
        "sha512": f"sha512={sha512}",
        "md5 of it": f"md5={digest(SECRET, body, 'md5')}",
        "none": f"none={hexadecimal}",
        "with a line": given + "\n",
        "with a blank": f" {given}",
        "twice": f"{given}, {given}",
        "among others": f"sha256={'0' * 64}, {given}",
        "digits of another alphabet": prefix + "\uff10" * 64,
        "no text": "\xff\xfe" * 32,
        "the secret itself": SECRET.decode(),
        "no hexadecimal": prefix + "g" * 64,
    }


@pytest.mark.parametrize("kind", sorted(_bad_signatures("sha256=" + "a" * 64, b"")))
@pytest.mark.parametrize("host", SIGNING)
def test_a_signature_that_is_not_quite_right_is_none(host: str, kind: str) -> None:
    made, header = PUSHES[host]
    delivery = made(SECRET)
    value = _bad_signatures(delivery.headers[header], delivery.body)[kind]
    with pytest.raises(HookRefused):
        said(delivery.with_header(header, value))


@pytest.mark.parametrize("host", ["github", "gitea"])
def test_a_signature_under_the_name_of_another_host_is_none(host: str) -> None:
    delivery = PUSHES[host][0](SECRET)
    bare = digest(SECRET, delivery.body)
    moved = delivery.with_header(PUSHES[host][1], None)
    for other in ("x-hub-signature", "x-gogs-signature", "x-gitlab-token", "authorization"):
        with pytest.raises(HookRefused):
            said(moved.with_header(other, f"sha256={bare}"))


@pytest.mark.parametrize(
    "token",
    [None, "", SECRET.decode()[:-1], SECRET.decode() + "0", SECRET.decode().upper(), "\xff"],
)
def test_gitlabs_token_is_the_secret_to_the_letter(token: str | None) -> None:
    delivery = PUSHES["gitlab"][0](SECRET)
    with pytest.raises(HookRefused):
        said(delivery.with_header("x-gitlab-token", token))


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_parsed_before_it_is_signed(host: str) -> None:
    delivery = PUSHES[host][0](SECRET)
    unsigned = delivery.with_header(PUSHES[host][1], None)
    for body in (b"{", b"[" * 100_000):
        with pytest.raises(HookRefused):
            said(Delivery(headers=unsigned.headers, body=body))
