"""Looks at everything that a deployment needs, and changes nothing."""
