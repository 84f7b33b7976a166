"""The least rights that Slipway and its applications need in an AWS account."""
