"""Re-execution under nbval: ``pytest --nbval book/kernels.ipynb`` and the like."""

import os
from pathlib import Path

import pytest

# The kernels inherit these: the book that its pages read, one thread, the same order
# of sets in each run.
os.environ["TAPX_BOOK"] = str(Path(__file__).parent)
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ["PYTHONHASHSEED"] = "0"
# Figures go into the outputs, whatever this process draws with.
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"


def pytest_configure(config: pytest.Config) -> None:
    """Compare numbers within their tolerances; run this environment's kernel."""
    if config.getoption("nbval", False) or config.getoption("nbval_lax", False):
        from tapx import nbval_comparison

        nbval_comparison.install()
        config.option.nbval_current_env = True
