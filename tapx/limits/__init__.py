"""What no kernel, no head and no readout can do, proved.

Stands on ``kernels`` and the ground floor.
"""
