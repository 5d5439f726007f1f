"""Cells and recipes refuse what cannot be trained."""
