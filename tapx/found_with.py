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
    import numpy

    packages = ("numpy", "scipy", "python-flint")
    simd = numpy.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", [])
    return {
        "versions": ", ".join(f"{name} {version(name)}" for name in packages),
        "blas": _blas_core(Path(numpy.__file__).parents[1]),
        "simd": " ".join(simd) or "baseline",
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def _blas_core(packages: Path) -> str:
    """The processor kernels that numpy's OpenBLAS took, or "unknown"."""
    folders = ("numpy.libs", "numpy/.dylibs")
    for path in sorted(p for f in folders for p in packages.glob(f"{f}/*openbl*")):
        library = ctypes.CDLL(str(path))
        for name in ("scipy_openblas_get_corename", "openblas_get_corename"):
            for ask in (getattr(library, name + end, None) for end in ("64_", "")):
                if ask is not None:
                    ask.restype = ctypes.c_char_p
                    return str(ask().decode())
    return "unknown"
