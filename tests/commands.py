"""Commands of this Python, run to their end."""

import subprocess
import sys


def python(*words, **how):
    """Its exit status, and what it wrote."""
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, **how)
