"""The demo: everything on one machine, from nothing to a swapped fleet."""
