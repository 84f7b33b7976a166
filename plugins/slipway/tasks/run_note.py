"""What Airflow's own lists show beside a run: its version, and the first line of its commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway.hooks import run_notes
from slipway.links import addresses
from slipway.model.board.deployment import subject_of
from slipway.model.facts import Checkout
from slipway.model.text.inert import inert, visible

if TYPE_CHECKING:
    from airflow.sdk import Context

# Characters of a subject, as many as there is room for, and of an address that is worth its room.
_SUBJECTS, _ADDRESS = (120, 40, 10), 250


def run_note(checkout: Checkout, repository: str) -> str:
    """Return the note, in Markdown.

    A subject is a stranger's text, and Airflow shows notes as Markdown: it is shown as it is.

    :param checkout: what the run is about.
    :param repository: the URL that the project file gives; no other host is linked.
    """
    release = checkout.release
    led = {"commit": addresses.commit(repository, release.sha)}
    if not release.is_proposed:
        led["board"] = addresses.release(release.project, release.version)
    links = " · ".join(f"[{name}]({to})" for name, to in led.items() if 0 < len(to) <= _ADDRESS)
    subject = subject_of(checkout.message)
    # A character that cannot be seen takes ten that can; what is cut off must not end a fence.
    notes = (_note(release.version, inert(subject, most), links) for most in _SUBJECTS)
    return next((one for one in notes if len(one) <= run_notes.LONGEST), "")


def _note(version: str, subject: str, links: str) -> str:
    return "\n\n".join(part for part in (f"{inert(version, 120)} {subject}", links) if part)


def note_run(context: Context, checkout: Checkout, repository: str, log: Any) -> None:
    """Have Airflow show what a run is about; nothing that goes wrong with it stops the run.

    :param context: the task's.
    :param checkout: what the run is about.
    :param repository: the URL that the project file gives.
    :param log: a logger.
    """
    ti: Any = context.get("ti")
    if ti is None:
        return
    try:
        run_notes.send(ti.dag_id, ti.run_id, run_note(checkout, repository))
    except Exception as error:
        log.info("Airflow's lists do not show the version of this run: %s", visible(str(error)))
