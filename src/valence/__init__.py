"""Valence: train, fine-tune, prompt and compare sentiment classifiers on one honest leaderboard."""

__version__ = "0.1.0"
