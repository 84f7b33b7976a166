"""The one place that runs git.

Everything that comes from a repository or a person is hostile: it goes in as one argument after
``--`` or inside a full ref name, and git's configuration is pinned so that neither a repository
nor its attributes can make git run, follow or write anything.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from slipway.exceptions import RepositoryRefused, RepositoryUnreachable

# Seconds. A fetch of a large repository takes minutes; nothing takes longer than this.
TIMEOUT = 900
# git-config(1): protocol.allow. `file` and `ext` would let a URL name the worker's own files
# and commands.
_SAFE = (
    "-c", "protocol.allow=never",
    "-c", "protocol.https.allow=always",
    "-c", "protocol.http.allow=always",
    "-c", "protocol.ssh.allow=always",
    "-c", "protocol.git.allow=always",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "gc.auto=0",
    "-c", "fetch.fsckObjects=true",
)  # fmt: skip
_REFUSED = (
    "authentication failed",
    "permission denied",
    "repository not found",
    "not found",
    "does not exist",
    "repository not exported",
    "not appear to be a git repository",
    "could not read username",
    "terminal prompts disabled",
    "transport",
    "not our ref",
)


class GitCommandFailed(Exception):
    """Git exited with an error; the caller knows what it means.

    :param stderr: what git said.
    """

    def __init__(self, stderr: str) -> None:
        super().__init__(stderr)
        self.stderr = stderr


def git(
    *arguments: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> bytes:
    """Run git and return what it printed.

    :param arguments: after ``git``; never joined into a shell string.
    :param cwd: the repository.
    :param environment: added to a clean environment: credentials and the like.
    :raises GitCommandFailed: when git exits with an error or takes longer than ``TIMEOUT``.
    """
    inherited = {
        key: value
        for key, value in os.environ.items()
        if key in ("PATH", "HOME", "LANG", "SSH_AUTH_SOCK") or key.startswith(("GIT_SSL_", "SSL_"))
    }
    env = {**inherited, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(environment or {})}
    try:
        done = subprocess.run(  # noqa: S603 - argv only, see the module's docstring
            ["git", *_SAFE, *arguments],  # noqa: S607 - git is wherever PATH says
            cwd=cwd, env=env, capture_output=True, check=False, timeout=TIMEOUT,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        msg = f"git {arguments[0]} took longer than {TIMEOUT} s"
        raise GitCommandFailed(msg) from error
    if done.returncode != 0:
        raise GitCommandFailed(done.stderr.decode(errors="replace").strip())
    return done.stdout


def remote_failure(url: str, error: GitCommandFailed) -> RepositoryRefused | RepositoryUnreachable:
    """Tell a server that says no from a server that does not answer.

    :param url: the repository, without credentials.
    :param error: what git said.
    """
    said = error.stderr.splitlines()[-1] if error.stderr else "no message"
    if any(sign in error.stderr.lower() for sign in _REFUSED):
        return RepositoryRefused(
            f"{url} refused us: {said}",
            advice="check the repository's URL and the connection named in the project file",
        )
    return RepositoryUnreachable(
        f"{url} does not answer: {said}",
        advice="nothing, if the server is coming back: the task tries again by itself",
    )
