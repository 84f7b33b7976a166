"""For ``[core] mp_forkserver_preload``: what workers then find done when they are forked.

Importing it is all; nothing else but the benchmarks imports it. It comes last in the list.
"""

from __future__ import annotations

import gc

from slipway.hooks.aws.session import warm_up

warm_up()
# All that lives by now lives as long as the workers do. Their collectors leave it alone: a walk
# through Airflow and botocore takes a third of a second, and copies the pages that they share.
gc.collect()
gc.freeze()
