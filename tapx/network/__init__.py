"""The Transformer of the paper: positions, attention, every way to evaluate it.

Stands on ``kernels`` and the ground floor.
"""
