"""The embedded cloud's face: AWS's API, as moto answers it, corrected where it must be true."""
