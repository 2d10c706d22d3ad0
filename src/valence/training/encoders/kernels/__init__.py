"""Attention kernels of our own, for GPUs that Triton knows; nothing here is imported elsewhere."""
