"""Adaptive memories of signs: models trained on them, the floor of affine ones."""
