"""A small Bitbucket on loopback: what the demo's git server lacks to be a whole git host.

It answers the calls of Bitbucket Cloud's API that Slipway makes (build statuses, Code Insights,
webhooks, pull requests), shows what it was told on pages of its own, and tells webhooks of pushes
as Bitbucket does. Bitbucket itself is neither contacted nor needed.
"""
