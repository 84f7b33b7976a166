"""Machines, as people write them in a project file, and what comes of it."""
