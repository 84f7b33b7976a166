"""The keys of the notes that Slipway keeps on what it made, as tags of the cloud."""

from __future__ import annotations

PROJECT, ENVIRONMENT = "slipway:project", "slipway:environment"
VERSION, SHA, IMAGE = "slipway:version", "slipway:sha", "slipway:image"
STANDBY, LIVE, HELD = "slipway:standby-until", "slipway:live-since", "slipway:held"
# How many machines Slipway asked for, whose scaling rules it took over, and where it was put.
SIZE, CARRIED, PLACED = "slipway:size", "slipway:carried", "slipway:placed"
# Of a group that has not got yet what AWS takes only of groups that are there: whose that is.
TAKING_OVER = "slipway:taking-over"
# Its least and most machines as Slipway asked for them, and what was suspended and what sent it
# requests when it came into traffic: what is otherwise now, somebody changed.
BOUNDS, LEFT = "slipway:bounds", "slipway:left"
# Of an ill machine that is kept for somebody to look at: until when.
FAILED = "slipway:failed-until"
