"""Figures for whoever watches an installation: which there are, and how they are told."""
