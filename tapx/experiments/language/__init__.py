"""Experiments 1a and 3b: small language models on text."""
