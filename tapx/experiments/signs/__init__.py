"""Experiments 1b, 2a, 2b and 3a: tasks on signs, their floors and networks."""
