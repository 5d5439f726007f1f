"""What is to be computed: fixed, adaptive and decaying memories, tasks on signs.

Stands on ``kernels``, ``readouts`` and the ground floor.
"""
