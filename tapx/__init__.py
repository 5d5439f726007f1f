"""tapx: the mathematics and the machinery behind the book.

Import the submodule you need (``from tapx import kernels``). This module imports
nothing heavy, so ``import tapx`` and ``python -m tapx list`` stay quick.
"""

import os

# One thread a process, decided before numpy or torch is loaded: sums that several
# threads share come out in another order, hence with other last digits, from run to
# run. Parallel work in this book is several processes side by side. A value that you
# set yourself is left alone.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
del _variable

__version__ = "0.1.0"
