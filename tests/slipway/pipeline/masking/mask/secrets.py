"""Secrets of every shape."""

from __future__ import annotations

SECRETS = [
    "p&ss w0rd/\"x'ä\\n$é",
    "hunter2xyz",
    "tok-5f3a+/9c=",
    "https://user:pass@host/x?a=b&c=d",
    "aaaabbbb",
    "grüße-aus-köln",
]
