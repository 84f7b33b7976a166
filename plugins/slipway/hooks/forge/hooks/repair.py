"""Making a repository's webhook what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from slipway.hooks.forge.hooks.base import HOOKS_PATH, HostHooks, InstalledHook, SentHook


@dataclass(frozen=True, kw_only=True, slots=True)
class Repaired:
    """What was done.

    :param made: there was none before.
    :param wrong: what was wrong with it; nothing where it was as it should be.
    :param others: hooks of the same project that are there besides, by their URLs.
    :param sent: its last deliveries from before; None where the host does not tell.
    """

    made: bool
    wrong: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    sent: tuple[SentHook, ...] | None = ()


def repair(hooks: HostHooks, *, project: str, url: str, secret: str) -> Repaired:
    """Make a project's webhook, or make it as it should be.

    The host tells nobody the secret that a hook has, so it is given the valid one each time. Run
    again, it makes no second hook; one that sends to an earlier address of the server is moved.

    :param hooks: the repository's, at its host.
    :param project: the project's name.
    :param url: where hooks are taken.
    :param secret: what they are to be signed with.
    """
    ours = [one for one in hooks.installed() if _is_of(project, one.url)]
    ours.sort(key=lambda one: (one.url != url, not one.active))
    if not ours:
        hooks.put(None, url, secret)
        return Repaired(made=True)
    first, *others = ours
    sent = hooks.sent(first.id)
    hooks.put(first.id, url, secret)
    return Repaired(
        made=False,
        wrong=tuple(_wrong(hooks, first, url)),
        others=tuple(one.url for one in others),
        sent=None if sent is None else tuple(sent),
    )


def _is_of(project: str, url: str) -> bool:
    try:
        return urlsplit(url).path.rstrip("/").endswith(f"{HOOKS_PATH}/{project}")
    except ValueError:
        return False


def _wrong(hooks: HostHooks, hook: InstalledHook, url: str) -> list[str]:
    missing = sorted(hooks.events - hook.events)
    return [
        *([f"it sent to {hook.url}"] if hook.url != url else []),
        *(["it was switched off"] if not hook.active else []),
        *([f"it did not tell of {', '.join(missing)}"] if missing else []),
        *([hook.problem] if hook.problem else []),
    ]
