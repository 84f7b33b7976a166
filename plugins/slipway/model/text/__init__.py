"""Texts of strangers: shown as nothing but text, compared, cut into lines."""
