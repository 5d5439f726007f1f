"""Trained models, what came of them, and how low they could go.

May import every wing but ``theorems`` and ``chapters``. A folder a kind of task:
``memory`` (4a, 4b), ``signs`` (1b to 3a), ``language``, ``adaptive`` and ``cost``.
"""
