"""tapx: the mathematics and the machinery behind the book.

Import the module you need (``from tapx.kernels import search``). This one imports
nothing heavy, so ``import tapx`` and ``python -m tapx list`` stay quick.
"""

import importlib
import os
import sys

# One thread a process, decided before numpy or torch is loaded: sums that several
# threads share come out in another order, hence with other last digits, from run to
# run. Parallel work in this book is several processes side by side. A value that you
# set yourself is left alone.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
del _variable

__version__ = "0.1.0"


class _Moved:
    """The last that Python asks for a module: says where one of an old name is now."""

    @staticmethod
    def find_spec(name: str, path: object, target: object = None, /) -> None:
        """Find nothing.

        Raises:
            ModuleNotFoundError: an earlier version had a module of this name.
        """
        if name.startswith("tapx."):
            importlib.import_module("tapx.moved").refuse(name)


sys.meta_path.append(_Moved)
