"""Debian packages: built by nfpm or by the pipeline, and looked at before they ship."""
