"""``fab hook``, ``news``, ``maintenance`` and ``sign-records``."""

from __future__ import annotations

from typing import Any

from fabric import task

from include.cli.tasks.doing import python


@task(
    positional=["what"],
    help={
        "what": "on, off or status",
        "why": "on: shown to whoever is held up",
        "wait": "seconds to wait until it is safe",
    },
)
def maintenance(c: Any, what: str = "status", why: str = "", wait: int = 0) -> None:
    """Let no new run begin, or let them begin again; say when those that had begun have ended."""
    given = [*(["--why", why] if why else []), *(["--wait", str(wait)] if wait else [])]
    python(c, "include.cli.maintenance", what, *given)


@task(name="sign-records", help={"sign": "the digest that the list ends with: signs exactly that"})
def sign_records(c: Any, sign: str = "") -> None:
    """List the records of before records were signed; --sign DIGEST signs what was listed.

    The list ends with its digest. With -H, for the repository that the login begins in.
    """
    python(c, "include.cli.records", *(["--sign", sign] if sign else []))


@task(
    positional=["project"],
    help={
        "project": "its name",
        "url": "Airflow's address as the host reaches it; `[api] base_url` if not given",
    },
)
def hook(c: Any, project: str, url: str = "") -> None:
    """Make a project's webhook at its git host, or put it right; shows its last deliveries."""
    python(c, "include.cli.hook", project, *(["--url", url] if url else []))


@task(positional=["project"], help={"project": "its name", "look": "send nothing"})
def news(c: Any, project: str, look: bool = False) -> None:
    """Send a test message to each of a project's channels; shows what was sent last, or failed."""
    python(c, "include.cli.news", project, *(["--look"] if look else []))
