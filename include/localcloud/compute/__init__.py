"""The embedded cloud's machines: containers that boot, and groups that keep their number."""
