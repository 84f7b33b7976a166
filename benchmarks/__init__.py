"""What Slipway costs, measured beside plain scripts and other tools."""
