"""A restore: a new installation that goes on from a backup.

What serves is not touched: it is no part of a backup. The runs that had not ended when the backup
was made are ended as failed: what they were about has been overtaken since, by runs that the backup
does not know of, and going on would put an old release in the place of a newer one.
"""

from __future__ import annotations

from pathlib import Path

from include.stack.operations import backup
from include.stack.operations.installation import (
    DATABASE,
    Installation,
    OperationFailed,
    say,
)
from include.stack.operations.upgrade import end_of_upgrade

# Run by psql after the tables are back, in the same transaction; a dump leaves no search path.
_END_RUNS = """
UPDATE public.task_instance SET state = 'failed', end_date = now() WHERE state IN ('scheduled',
 'queued', 'running', 'restarting', 'deferred', 'up_for_retry', 'up_for_reschedule',
 'awaiting_input');
UPDATE public.dag_run SET state = 'failed', end_date = now() WHERE state IN ('queued', 'running');
"""
# What was not restored whole is not committed: the last word comes from here, not from the end of
# what is read.
_RESTORE = """
{ echo 'BEGIN;'; pg_restore --no-owner --file=- && printf '%s COMMIT;' "$1"; } \
 | psql $at --quiet --set ON_ERROR_STOP=1 --output=/dev/null
"""
_NAMED = "SELECT coalesce(shobj_description(oid, 'pg_database'), 'none') FROM pg_database"


def restore(installation: Installation, folder: Path) -> None:
    """Have an installation go on from a backup; one that was interrupted is gone on with.

    :param installation: with its secrets, and nothing in its database.
    :param folder: the backup.
    :raises OperationFailed: when it cannot be done; a database that is in use is left as it is.
    """
    note = backup.read(folder)
    if backup.fingerprint(installation) != note.key:
        msg = (
            f"{folder} was made with other secrets: what people keep in Airflow's connections "
            "and variables could not be read; put that folder of secrets in place first"
        )
        raise OperationFailed(msg)
    installation.start_database()
    name = f"slipway backup {note.made_at}"
    if _is_new(installation, name):
        say(f"Airflow's database, as it was at {note.made_at}")
        _fill(installation, folder, name)
    say("the artifact store")
    backup.put_back(installation, folder)
    say("starting Airflow")
    installation.compose("up", "-d", "--scale", f"worker={max(1, note.workers)}")
    end_of_upgrade(installation)
    for run in note.unfinished:
        say(f"  had not ended, and counts as failed: {run}")


def _is_new(installation: Installation, name: str) -> bool:
    """Tell whether the database is still to be filled.

    :raises OperationFailed: when it is somebody's.
    """
    [[tables]] = installation.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    if tables == "0":
        return True
    [[noted]] = installation.query(f"{_NAMED} WHERE datname = '{DATABASE}'")
    if noted == name:
        say("Airflow's database was restored before")
        return False
    msg = (
        "there is a database already, and a restore replaces none; if it is to go: "
        "`docker compose down --volumes`, with the options that this installation is run with"
    )
    raise OperationFailed(msg)


def _fill(installation: Installation, folder: Path, name: str) -> None:
    end = f"{_END_RUNS} COMMENT ON DATABASE {DATABASE} IS '{name}';"
    with (folder / backup.DATABASE).open("rb") as dump:
        installation.compose(*installation.postgres(_RESTORE, end), source=dump)
    [[noted]] = installation.query(f"{_NAMED} WHERE datname = '{DATABASE}'")
    if noted != name:
        msg = "the database was not restored, and is empty as before; the reason stands above"
        raise OperationFailed(msg)
