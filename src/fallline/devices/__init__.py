"""Doors to machines beside the processor: memory, programs and launches on a CUDA device. Knows nothing of training."""
