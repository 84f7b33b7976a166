"""Where DAG files of 0.1.0 look for what :mod:`slipway.tasks.making_way.superseded_run` has.

A package may be installed before the DAG files that come with it are there.
"""

from slipway.tasks.making_way.superseded_run import Superseding, let_make_way, make_way

__all__ = ["Superseding", "let_make_way", "make_way"]
