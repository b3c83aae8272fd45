"""Computing devices beside the processor: memory, programs and launches on a CUDA device. It knows nothing of training."""
