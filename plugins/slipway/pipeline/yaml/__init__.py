"""A pipeline file as data that knows where each value stood."""
