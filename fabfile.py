"""Fabric: Slipway from a shell, over Airflow's REST API, on this machine or over ssh.

``fab deploy guestbook prod 1.4.0+42.g3f2a1b7`` asks the server that ``SLIPWAY_SERVER`` names, or a
running demo's, in the name of whose token it is. Where neither is, it is told to the Airflow of
this machine, and with ``fab -H ops@airflow.example.com deploy ...`` to the one over there: every
word is one argument to Airflow's own command line then, quoted for the shell in between.

The tasks are in ``include/cli/tasks``; docs/shell.md is their manual.
"""

from __future__ import annotations

from invoke.collection import Collection

from include.cli.tasks.every import TASKS
from include.cli.tasks.typed import arrange_words

arrange_words(TASKS.values())
namespace = Collection(*TASKS.values())
