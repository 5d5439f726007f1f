"""Settings under which other processors' arithmetic is run on this one.

OpenBLAS, numpy, MKL and torch choose their loops by the processor, and variables make
them choose those of an older one. What a setting asks for may be missing here, or be
what the machine takes anyway: `possible` and `difference` say so in words.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# Variables that choose arithmetic; a user's own must not reach any setting.
CHOOSING = (
    "ATEN_CPU_CAPABILITY",
    "MKL_CBWR",
    "NPY_DISABLE_CPU_FEATURES",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "TAPX_THREADS",
)
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TAPX_THREADS")
NO_AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"
NO_AVX2 = f"X86_V3 {NO_AVX512}"


@dataclass(frozen=True)
class Setting:
    """Variables that choose arithmetic, and what the processor needs for them."""

    name: str
    variables: dict[str, str]
    needs: tuple[str, ...] = ()
    python: str = ""


OLDEST = Setting(
    "all the oldest",
    {
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": NO_AVX2,
        "MKL_CBWR": "COMPATIBLE",
        "ATEN_CPU_CAPABILITY": "default",
    },
    ("SSE42",),
)
OWN = Setting("the machine's own", {})
SETTINGS = (
    OWN,
    Setting("OpenBLAS Haswell", {"OPENBLAS_CORETYPE": "Haswell"}, ("AVX2", "FMA3")),
    Setting("OpenBLAS SkylakeX", {"OPENBLAS_CORETYPE": "SkylakeX"}, ("AVX512_SKX",)),
    Setting("OpenBLAS Nehalem", {"OPENBLAS_CORETYPE": "Nehalem"}, ("SSE42",)),
    Setting("numpy without AVX512", {"NPY_DISABLE_CPU_FEATURES": NO_AVX512}),
    Setting("numpy without AVX2", {"NPY_DISABLE_CPU_FEATURES": NO_AVX2}),
    Setting("MKL compatible", {"MKL_CBWR": "COMPATIBLE"}),
    Setting("torch default", {"ATEN_CPU_CAPABILITY": "default"}),
    Setting("two threads", dict.fromkeys(THREADS, "2")),
    OLDEST,
)

PROBE = """
import json, platform
from numpy._core import _multiarray_umath as core
import numpy, torch
torch.ones(8, 8, dtype=torch.float64) @ torch.ones(8, 8, dtype=torch.float64)
features = core.__cpu_features__
print("PROBE " + json.dumps({
    "python": platform.python_version(),
    "has": sorted(name for name in features if features[name]),
    "known": list(core.__cpu_dispatch__),
    "numpy": [name for name in core.__cpu_dispatch__ if features.get(name)],
    "torch": torch.backends.cpu.get_cpu_capability(),
    "threads": torch.get_num_threads(),
}))
"""


def environment(variables: dict[str, str]) -> dict[str, str]:
    """The environment of a setting: one thread, and nothing else chosen."""
    kept = {name: value for name, value in os.environ.items() if name not in CHOOSING}
    return {**kept, **dict.fromkeys(THREADS, "1"), **variables}


def probe(python: str, variables: dict[str, str]) -> dict[str, Any]:
    """What the libraries of an interpreter take under some variables."""
    told = {"OPENBLAS_VERBOSE": "2", "MKL_VERBOSE": "1"}
    done = subprocess.run(
        [python, "-c", PROBE],
        env=environment(variables) | told,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    found = re.search(r"^PROBE (.*)$", said, re.MULTILINE)
    if found is None:
        last = said.strip().rpartition("\n")[2][:200]
        raise RuntimeError(f"exit status {done.returncode}: {last}")
    cores = dict.fromkeys(re.findall(r"^Core: (\S+)$", said, re.MULTILINE))
    modes = dict.fromkeys(re.findall(r"\bCNR:(\S+)", said))
    return {
        **json.loads(found[1]),
        "openblas": "+".join(cores) or "none",
        "mkl": "+".join(modes) or "none",
    }


def in_words(taken: dict[str, Any]) -> str:
    """The answer of `probe` in words: what was taken."""
    simd = " ".join(taken["numpy"]) or "baseline"
    threads = f"{taken['threads']} thread" + ("s" if taken["threads"] > 1 else "")
    return (
        f"Python {taken['python']}; OpenBLAS {taken['openblas']}; numpy {simd}; "
        f"MKL CNR {taken['mkl']}; torch {taken['torch']}; {threads}"
    )


def possible(setting: Setting, own: dict[str, Any]) -> tuple[dict[str, str], str]:
    """The variables of a setting that this machine knows, and why it cannot run.

    Names that this numpy refuses are left out; where it knows none of them, or the
    processor lacks what is needed, the reason is not empty.
    """
    variables = dict(setting.variables)
    lacking = [name for name in setting.needs if name not in own["has"]]
    if lacking:
        return variables, f"the processor lacks {', '.join(lacking)}"
    asked = variables.get("NPY_DISABLE_CPU_FEATURES", "").split()
    if asked:
        known = [name for name in asked if name in own["known"]]
        variables["NPY_DISABLE_CPU_FEATURES"] = " ".join(known)
        if not known:
            del variables["NPY_DISABLE_CPU_FEATURES"]
            if not variables:
                return variables, f"this numpy knows none of {', '.join(asked)}"
    return variables, ""


def difference(setting: Setting, own: dict[str, Any], taken: dict[str, Any]) -> str:
    """Why a setting that was asked for is none of its own; empty if it is one."""
    core = setting.variables.get("OPENBLAS_CORETYPE")
    if core and taken["openblas"] not in (core, "none"):
        return f"asked for {core}, OpenBLAS took {taken['openblas']}"
    if setting.variables and in_words(taken) == in_words(own):
        return "what the machine takes by itself"
    return ""
