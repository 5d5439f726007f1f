"""With what a witness was found: versions, BLAS kernels, numpy's instructions, day."""

from __future__ import annotations

import ctypes
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path


@lru_cache(maxsize=1)
def found_with() -> dict[str, str]:
    """What a search's result may depend on, as a stored answer names it."""
    packages = ("numpy", "scipy", "python-flint")
    return {
        "versions": ", ".join(f"{name} {version(name)}" for name in packages),
        "blas": blas_core(),
        "simd": numpy_simd(),
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def blas_core() -> str:
    """The processor kernels that numpy's OpenBLAS took, or "unknown"."""
    import numpy

    for folder in ("numpy.libs", "numpy/.dylibs"):
        for path in sorted((Path(numpy.__file__).parents[1] / folder).glob("*openbl*")):
            library = ctypes.CDLL(str(path))
            for name in (
                "scipy_openblas_get_corename64_",
                "scipy_openblas_get_corename",
                "openblas_get_corename64_",
                "openblas_get_corename",
            ):
                ask = getattr(library, name, None)
                if ask is not None:
                    ask.restype = ctypes.c_char_p
                    return str(ask().decode())
    return "unknown"


def numpy_simd() -> str:
    """The instruction sets that numpy dispatches to here, joined by blanks."""
    import numpy

    config = numpy.show_config(mode="dicts")
    return " ".join(config.get("SIMD Extensions", {}).get("found", [])) or "baseline"
