"""For ``[core] mp_forkserver_preload``: what workers then find done when they are forked.

Importing it is all; nothing else imports it.
"""

from __future__ import annotations

from slipway.hooks.aws_session import read_descriptions

read_descriptions()
