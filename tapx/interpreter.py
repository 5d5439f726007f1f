"""The Jupyter kernel that chapters run in: this interpreter, one thread, clean."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from tapx.notebooks import ROOT

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def kernel_environment(home: str) -> dict[str, str]:
    """Environment of a kernel: one thread, this tapx, no user start-up files.

    Args:
        home: empty folder that IPython takes for the user's settings.
    """
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        **dict.fromkeys(ONE_THREAD, "1"),
        "IPYTHONDIR": home,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }


class InterpreterKernelManager(AsyncKernelManager):
    """Starts this interpreter as kernel, whatever is registered as python3."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Always this interpreter, without its user site folder's kernels."""
        if self._kernel_spec is None:
            command = [sys.executable, "-m", "ipykernel_launcher"]
            self._kernel_spec = KernelSpec(
                argv=[*command, "-f", "{connection_file}"],
                display_name="Python 3",
                language="python",
            )
        return self._kernel_spec

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Start with `kernel_environment`."""
        self._home = tempfile.TemporaryDirectory(prefix="tapx-kernel-")
        environment = kernel_environment(self._home.name)
        if options.get("cwd"):  # the pages read the book that they stand in
            environment["TAPX_BOOK"] = str(options["cwd"])
        options["env"] = environment
        await super().start_kernel(**options)

    async def cleanup_resources(  # type: ignore[override]
        self, restart: bool = False
    ) -> None:
        """Remove the temporary settings folder too."""
        await super().cleanup_resources(restart=restart)
        if not restart and hasattr(self, "_home"):
            self._home.cleanup()
