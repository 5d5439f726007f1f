"""The results of the paper, one module each, and the engines that build them.

Stands on ``kernels``, ``limits``, ``network``, ``readouts`` and ``targets``.
"""
