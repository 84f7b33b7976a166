"""The container images that Slipway builds for itself, from Debian's archive."""
