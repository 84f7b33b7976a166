"""Secrets in what a step writes, found in every form and masked."""
