"""Figures, tables and rounded numbers, as every chapter shows them.

Stands on the ground floor alone.
"""
