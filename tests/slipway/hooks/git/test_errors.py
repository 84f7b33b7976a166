"""What git says when it fails, and what people are told."""

from __future__ import annotations

import pytest

from slipway.exceptions import (
    InputError,
    RepositoryDamaged,
    RepositoryRefused,
    RepositoryTooLarge,
    RepositoryUnreachable,
    RepositoryUnreadable,
    SlipwayError,
)
from slipway.hooks.git.command import GitCommandFailed
from slipway.hooks.git.errors import remote_failure

SHA = "7856a12a66c1c90223702d3cd752bac47a88ee79"


def _failure(said: str, url: str = "https://git.example.com/acme/app.git") -> SlipwayError:
    return remote_failure(url, GitCommandFailed(said))


@pytest.mark.parametrize(
    "why", ["root@git.example.com: Permission denied (publickey).", "Host key verification failed."]
)
def test_a_refusal_says_why(why: str) -> None:
    said = (
        f"{why}\nfatal: Could not read from remote repository.\n\n"
        "Please make sure you have the correct access rights\nand the repository exists.\n"
    )
    failure = remote_failure("ssh://git@git.example.com/a.git", GitCommandFailed(said))
    assert isinstance(failure, RepositoryRefused)
    assert failure.message.endswith(f"refused us: {why}")


@pytest.mark.parametrize(
    ("said", "kind", "shown"),
    [
        (
            f"error: object {SHA}: hasDotgit: contains '.git'\nfatal: fsck error in packed object\n"
            "fatal: index-pack failed",
            RepositoryDamaged,
            f"object {SHA}: hasDotgit",
        ),
        (
            f"remote: fatal: unable to read {SHA}\nremote: aborting due to possible repository "
            "corruption on the remote side.\nfatal: early EOF\nfatal: index-pack failed",
            RepositoryDamaged,
            SHA,
        ),
        (
            f"fatal: did not receive expected object {SHA}\nfatal: index-pack failed",
            RepositoryDamaged,
            SHA,
        ),
        (
            "fatal: out of memory, malloc failed\nfatal: index-pack failed",
            RepositoryTooLarge,
            "out of memory",
        ),
        (
            "fatal: write error: No space left on device\nfatal: index-pack failed",
            RepositoryUnreadable,
            "No space left",
        ),
        (
            "fatal: unable to access 'https://git.example.com/acme/app.git/': The requested URL "
            "returned error: 403",
            RepositoryRefused,
            "403",
        ),
        (
            "fatal: unable to access 'https://git.example.com/acme/app.git/': server certificate "
            "verification failed. CAfile: none CRLfile: none",
            RepositoryRefused,
            "certificate",
        ),
        (
            "fatal: unable to access 'https://git.example.com/acme/app.git/': The requested URL "
            "returned error: 503",
            RepositoryUnreachable,
            "503",
        ),
        (
            "fatal: unable to access 'https://git.example.com/': Could not resolve host: "
            "git.example.com",
            RepositoryUnreachable,
            "Could not resolve",
        ),
        (
            "fatal: the remote end hung up unexpectedly\nfatal: early EOF",
            RepositoryUnreachable,
            "hung up",
        ),
        (
            "fatal: Could not read from remote repository.\n\nPlease make sure you have the "
            "correct access rights\nand the repository exists.",
            RepositoryUnreachable,
            "Could not read",
        ),
        (
            "remote: your plan has ended\nfatal: Could not read from remote repository.",
            RepositoryUnreadable,
            "your plan has ended",
        ),
        (
            "error: cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create\n",
            RepositoryUnreadable,
            "cannot lock ref",
        ),
        (
            "fatal: something that nobody has met\nfatal: index-pack failed",
            RepositoryUnreadable,
            "something that nobody has met; fatal: index-pack failed",
        ),
        ("", RepositoryUnreadable, "nothing"),
    ],
)
def test_who_is_at_fault(said: str, kind: type[SlipwayError], shown: str) -> None:
    failure = _failure(said)
    assert type(failure) is kind
    assert shown in failure.message
    waits = "coming back" in failure.advice or "does not answer" in failure.message
    assert waits == (kind is RepositoryUnreachable)


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/acme/certificate-not-found.git",
        "https://transport.example.com/x",
        "ssh://git@git.example.com/acme/fsck error",
        "https://git.example.com/error",
    ],
)
def test_a_repository_may_be_called_like_one_of_gits_errors(url: str) -> None:
    for said in (
        f"fatal: unable to access '{url}/': Failed to connect to port 443: Connection refused",
        f"fatal: unable to access '{url}/': The requested URL returned error: 503",
        f"fatal: {url}: the remote end hung up unexpectedly",
    ):
        assert type(_failure(said, url)) is RepositoryUnreachable


def test_a_server_does_not_speak_for_our_own_git() -> None:
    said = f"remote: error: object {SHA}: fsck error\nfatal: the remote end hung up unexpectedly"
    assert type(_failure(said)) is RepositoryUnreachable


def test_what_a_server_says_is_one_line_that_can_be_seen() -> None:
    failure = _failure("remote: \x1b[31mnot found\u202e" + "x" * 5000)
    assert isinstance(failure, InputError)
    assert "\x1b" not in failure.message
    assert len(failure.message) < 600
