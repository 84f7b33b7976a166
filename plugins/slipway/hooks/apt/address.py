"""What machines see at the repository's address, which is not always the bucket."""

from __future__ import annotations

import httpx

from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.apt.connection import AptRepository

# Seconds for an answer: who is not there for a worker may still be there for machines.
_TIMEOUT = 5.0
_NOT_FOUND = (403, 404)


def seen_elsewhere(repository: AptRepository) -> str | None:
    """Say that machines see something else than what was published just now.

    :returns: None when they see it, and when the address does not answer here.
    """
    url = f"{repository.url}/dists/{repository.distribution}/InRelease"
    published = AptBucket(repository).signed()
    try:
        answer = httpx.get(url, timeout=_TIMEOUT, headers={"Cache-Control": "no-cache"})
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    if answer.status_code in _NOT_FOUND:
        seen = f"answers with status {answer.status_code}"
    elif answer.status_code != httpx.codes.OK or answer.text == published:
        return None
    else:
        seen = "has another one"
    return (
        f"what was published is in the bucket {repository.bucket}, but {url} {seen}: machines "
        "do not see it. Does the host of the apt connection lead to that bucket, and does a cache "
        "keep that file for longer than a moment?"
    )
