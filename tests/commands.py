"""Commands of this Python, run to their end."""

import subprocess
import sys


def python(*words, **how):
    """Its exit status, and what it wrote: text to us, unless asked otherwise."""
    usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.run([sys.executable, *map(str, words)], **(usual | how))
