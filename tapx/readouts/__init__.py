"""Two-layer networks as Barron functions: values, norms, samples, rounding.

Stands on ``kernels`` and the ground floor.
"""
