"""Whose lease it is, and when another may take it over."""
