"""Sums of decays: what they are, how far off they are, and how they are found.

Stands on ``checks``, ``decimals`` and ``witnesses`` alone.
"""
