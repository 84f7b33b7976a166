"""What several benchmarks measure Slipway beside, or stand on."""
