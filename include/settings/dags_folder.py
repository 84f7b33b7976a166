"""The bundle of ``dags/``, as the settings name it.

A module of its own that imports next to nothing: whatever Airflow starts asks for its bundles.
"""

from __future__ import annotations

import importlib
import logging

from airflow.dag_processing.bundles.local import LocalDagBundle

# What the files in ``dags/`` import.
LOADED = (
    "include.delivery.commit_dag",
    "include.delivery.commits_dag",
    "include.delivery.controls.controls_dag",
    "include.delivery.doctor.check_dag",
    "include.delivery.housekeeping_dag",
    "include.delivery.project_bundle",
    "include.delivery.statuses",
    "slipway.tasks.watching.standing",
)
_LOG = logging.getLogger(__name__)


class DagsFolder(LocalDagBundle):
    """The folder ``dags/``, for whose files the processor has everything loaded.

    Each file is read every half a minute in a process of its own, which is forked for it. Nine
    tenths of its second went to the same imports; now the processor does them, once. It has to be
    started anew after an upgrade, as it has to be for plugins.
    """

    def refresh(self) -> None:
        """Load it, before the first file is read; only the processor asks for this."""
        for name in LOADED:
            try:
                importlib.import_module(name)
            except Exception as error:
                # The file that imports it says so, with its traceback, where people look.
                _LOG.warning("%s cannot be loaded beforehand: %s", name, error)
