"""Sweeps and predictions on several machines: Ray runs them, the store stays one shared folder."""
