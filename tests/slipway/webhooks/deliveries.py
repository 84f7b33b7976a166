"""What git hosts send, in as few words as matter, and signed as they sign."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SECRET = b"0123456789abcdef" * 2
OTHER_SECRET = b"fedcba9876543210" * 2
ZEROS, SHA = "0" * 40, "3f2a1b7c" * 5


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A request as a host makes it."""

    headers: dict[str, str]
    body: bytes

    def with_header(self, name: str, value: str | None) -> Delivery:
        """Return it with another header, or without one."""
        headers = {key: one for key, one in self.headers.items() if key != name}
        return Delivery(
            headers=headers if value is None else {**headers, name: value}, body=self.body
        )


def digest(secret: bytes, body: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret, body, getattr(hashlib, algorithm)).hexdigest()


def bitbucket_cloud(event: str, payload: Any, secret: bytes = SECRET) -> Delivery:
    body = json.dumps(payload).encode()
    return Delivery(
        headers={
            "content-type": "application/json",
            "x-event-key": event,
            "x-hook-uuid": "{00000000-0000-0000-0000-000000000001}",
            "x-request-uuid": "00000000-0000-0000-0000-000000000002",
            "x-attempt-number": "1",
            "x-hub-signature": f"sha256={digest(secret, body)}",
        },
        body=body,
    )


def bitbucket_server(event: str, payload: Any, secret: bytes = SECRET) -> Delivery:
    body = json.dumps(payload).encode()
    return Delivery(
        headers={
            "content-type": "application/json; charset=utf-8",
            "x-event-key": event,
            "x-request-id": "00000000-0000-0000-0000-000000000003",
            "x-hub-signature": f"sha256={digest(secret, body)}",
        },
        body=body,
    )


def github(event: str, payload: Any, secret: bytes = SECRET) -> Delivery:
    body = json.dumps(payload).encode()
    return Delivery(
        headers={
            "content-type": "application/json",
            "x-github-event": event,
            "x-github-delivery": "00000000-0000-0000-0000-000000000004",
            "x-hub-signature": f"sha1={digest(secret, body, 'sha1')}",
            "x-hub-signature-256": f"sha256={digest(secret, body)}",
        },
        body=body,
    )


def gitlab(event: str, payload: Any, secret: bytes = SECRET) -> Delivery:
    return Delivery(
        headers={
            "content-type": "application/json",
            "x-gitlab-event": event,
            "x-gitlab-token": secret.decode(),
        },
        body=json.dumps(payload).encode(),
    )


def gitea(event: str, payload: Any, secret: bytes = SECRET) -> Delivery:
    body = json.dumps(payload).encode()
    return Delivery(
        headers={
            "content-type": "application/json",
            "x-gitea-event": event,
            # It also shows itself as two others do.
            "x-gogs-event": event,
            "x-github-event": event,
            "x-gitea-signature": digest(secret, body),
            "x-hub-signature-256": f"sha256={digest(secret, body)}",
        },
        body=body,
    )


def cloud_change(
    name: str, *, kind: str = "branch", gone: bool = False, forced: bool = False
) -> dict[str, Any]:
    """Make an entry of a push of Bitbucket Cloud."""
    ref = {"type": kind, "name": name, "target": {"hash": SHA}}
    return {
        "old": ref if gone else None,
        "new": None if gone else ref,
        "created": not gone,
        "closed": gone,
        "forced": forced,
        "truncated": True,
        "commits": [{"hash": SHA}] * 5,
    }


def cloud_push(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"repository": {"full_name": "team/shop"}, "push": {"changes": list(changes)}}


def server_push(*ids: str, to: str = SHA) -> dict[str, Any]:
    changes = [{"ref": {"id": one}, "refId": one, "fromHash": ZEROS, "toHash": to} for one in ids]
    return {"eventKey": "repo:refs_changed", "repository": {"slug": "shop"}, "changes": changes}


def ref_push(ref: str = "refs/heads/main", **more: Any) -> dict[str, Any]:
    """Make a push as GitHub, GitLab and Gitea word it."""
    return {"ref": ref, "before": ZEROS, "after": SHA, **more}


# Host -> a push to main, signed with some secret; and the header that proves it.
PUSHES: dict[str, tuple[Callable[[bytes], Delivery], str]] = {
    "bitbucket_cloud": (
        lambda secret: bitbucket_cloud("repo:push", cloud_push(cloud_change("main")), secret),
        "x-hub-signature",
    ),
    "bitbucket_server": (
        lambda secret: bitbucket_server(
            "repo:refs_changed", server_push("refs/heads/main"), secret
        ),
        "x-hub-signature",
    ),
    "github": (lambda secret: github("push", ref_push(), secret), "x-hub-signature-256"),
    "gitlab": (lambda secret: gitlab("Push Hook", ref_push(), secret), "x-gitlab-token"),
    "gitea": (lambda secret: gitea("push", ref_push(), secret), "x-gitea-signature"),
}
