"""Metrics, intervals and paired tests. Knows nothing of data, texts, methods or runs: arrays in, numbers out."""
