"""Webhooks at the git hosts: which there are, making one, putting it right."""
