"""What every test needs: one thread, no window, nothing of the user's, fixed draws."""

# tapx sets the thread counts in the environment, which must happen before torch.
import tapx  # isort: skip

import os

import hypothesis
import pytest

os.environ.setdefault("MPLBACKEND", "agg")
os.environ["MATPLOTLIBRC"] = os.devnull  # matplotlib's own defaults, not the user's

hypothesis.settings.register_profile(
    "tapx", deadline=None, derandomize=True, max_examples=25, print_blob=True
)
hypothesis.settings.load_profile("tapx")


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Keep torch to one thread, whatever the machine."""
    import torch

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    assert tapx.__version__
