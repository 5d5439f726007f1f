"""The Jupyter kernel that chapters run in: this interpreter, one thread, clean."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import CaselessStrEnum

PACKAGE = Path(__file__).resolve().parents[2]
"""Where this tapx is imported from."""

ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
THREADS = "TAPX_THREADS"
"""Variable for `make machines`, which looks whether results need the one thread."""
USERS_OWN = ("PYTHONOPTIMIZE", "PYTHONSTARTUP", "PYTHONWARNINGS")
"""Variables through which a user's own set-up would reach a kernel: left out."""


def clean(home: str) -> dict[str, str]:
    """Variables that keep a user's settings of IPython and matplotlib out of a kernel.

    The folder of matplotlib's caches stays the user's, since a new one would cost
    seconds for the list of fonts. A ``matplotlibrc`` in the folder of the notebooks,
    which matplotlib reads before all others, is undone by `tapx.show.figures.style`.
    IPython takes the empty folder `home` for the user's settings.
    """
    return {
        "IPYTHONDIR": home,
        "MATPLOTLIBRC": os.devnull,  # an empty file: matplotlib's own defaults
        # Figures go into the outputs, whatever this process draws with.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONHASHSEED": "0",  # the same order of sets in each run
    }


def kernel_environment(home: str) -> dict[str, str]:
    """Environment of a kernel: one thread, this tapx, `clean` of the user's own."""
    paths = [str(PACKAGE), os.environ.get("PYTHONPATH", "")]
    return {
        **{key: os.environ[key] for key in os.environ if key not in USERS_OWN},
        **dict.fromkeys(ONE_THREAD, os.environ.get(THREADS, "1")),
        **clean(home),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }


class InterpreterKernelManager(AsyncKernelManager):
    """Starts this interpreter as kernel, whatever is registered as python3.

    It is spoken to through files where the system can: of the free ports that several
    processes look for at once, two may take the same. What cells print is in their
    outputs; what else the kernel says, of its sockets as they close for instance, is
    shown only if it dies of itself.
    """

    transport = CaselessStrEnum(
        ["tcp", "ipc"], default_value="ipc" if os.name == "posix" else "tcp"
    )

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
        """Start with `kernel_environment` and what is added to it."""
        self._home = tempfile.TemporaryDirectory(prefix="tapx-kernel-")
        if self.transport == "ipc":
            path = os.path.join(self._home.name, "kernel")
            if len(os.fsencode(path)) + len("-1") < zmq.IPC_PATH_MAX_LEN:
                self.ip, self.connection_file = path, f"{path}.json"
            else:  # the folder of temporary files has too long a name
                self.transport = "tcp"
        environment = kernel_environment(self._home.name)
        if options.get("cwd"):  # the pages read the book that they stand in
            environment["TAPX_BOOK"] = str(options["cwd"])
        options["env"] = environment | options.get("env", {})
        self._said = Path(self._home.name, "stderr")
        with self._said.open("wb") as stderr:
            await super().start_kernel(**options, stderr=stderr)

    async def _async_is_alive(self) -> bool:
        alive = await super()._async_is_alive()
        if not (alive or self.shutting_down) and self._said.is_file():
            sys.stderr.write(self._said.read_text("utf-8", "replace"))
            self._said.unlink()
        return alive

    is_alive = _async_is_alive

    async def cleanup_resources(  # type: ignore[override]
        self, restart: bool = False
    ) -> None:
        """Remove the temporary settings folder too."""
        await super().cleanup_resources(restart=restart)
        if not restart and hasattr(self, "_home"):
            self._home.cleanup()
