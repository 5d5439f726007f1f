"""Experiments 4a and 4b: one memory, learnt by kernels of few heads."""
