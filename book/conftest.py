"""Re-execution under nbval: ``pytest --nbval book/kernels.ipynb`` and the like."""

import os
import tempfile
from pathlib import Path

import pytest

# The kernels inherit the environment: the book that its pages read, one thread.
os.environ["TAPX_BOOK"] = str(Path(__file__).parent)
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
# What the stored outputs rest on was found before: nothing is searched here.
os.environ.setdefault("TAPX_FOUND", "require")

# Ways of xdist that may send the cells of one notebook to several processes.
SPLITS_FILES = ("load", "loadgroup", "worksteal")


def pytest_configure(config: pytest.Config) -> None:
    """Compare numbers by their kinds; run this environment's kernel, clean.

    The cells of a notebook stay together under ``pytest -n``, as ``--dist loadfile``
    keeps them.
    """
    if config.getoption("nbval", False) or config.getoption("nbval_lax", False):
        from tapx.chapters import interpreter, nbval

        home = tempfile.TemporaryDirectory(prefix="tapx-kernel-")
        config.add_cleanup(home.cleanup)
        os.environ.update(interpreter.clean(home.name))
        for variable in interpreter.USERS_OWN:
            os.environ.pop(variable, None)
        nbval.install()
        config.option.nbval_current_env = True
        if config.getoption("dist", "no") in SPLITS_FILES:
            config.option.dist = "loadfile"
