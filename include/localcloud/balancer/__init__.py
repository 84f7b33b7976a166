"""The embedded cloud's load balancers: HAProxy, kept to what the API was told."""
