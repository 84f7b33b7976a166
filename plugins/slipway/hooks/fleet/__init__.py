"""The cloud's side of a fleet: groups described and changed, fences, leases, alarms."""
