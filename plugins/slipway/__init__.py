"""Slipway: from a commit to a running fleet. ``docs/architecture.md`` draws the rooms."""
