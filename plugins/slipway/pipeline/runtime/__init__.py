"""Runs a compiled pipeline: containers, services, order, logs, results."""
