"""tapx: the mathematics and the machinery behind the book.

Some fifty names are offered here, ``tapx.best_kernel`` or ``from tapx import Kernel``;
`FACE` says where each stands. A name is loaded when it is first asked for, so that
``import tapx`` and ``python -m tapx list`` stay quick. Everything else is imported from
its module: ``from tapx.kernels import search``.
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

FACE = {
    "LIN": "kernels.family:LIN",
    "LOG": "kernels.family:LOG",
    "Family": "kernels.family:Family",
    "Delta": "kernels.kernel:Delta",
    "Decay": "kernels.windows:Decay",
    "Kernel": "kernels.kernel:Kernel",
    "AdaptiveKernel": "kernels.adaptive:AdaptiveKernel",
    "best_kernel": "kernels.best_kernel:best_kernel",
    "proof_kernel": "kernels.proofs:bump",
    "floor": "limits.rank:lower_bound",
    "weight_floor": "limits.weight_bounds:optimum",
    "minimax": "limits.affine_minimax:best",
    "Position": "network.positions:Position",
    "position": "network.positions:get",
    "Attention": "network.attention:Attention",
    "Transformer": "network.transformer:Transformer",
    "LanguageModel": "network.language_model:LanguageModel",
    "TwoLayerNet": "readouts.two_layer:TwoLayerNet",
    "sample": "readouts.two_layer:sample",
    "sup_certified": "readouts.two_layer:sup_certified",
    "norm_certified": "readouts.norms:norm_certified",
    "FixedMemory": "targets.memories:FixedMemory",
    "EssentialMemory": "targets.memories:EssentialMemory",
    "AdaptiveMemory": "targets.adaptive:AdaptiveMemory",
    "lemmas": "theorems.lemmas",
    "theorem_3_1": "theorems.theorem_3_1",
    "theorem_4_1": "theorems.theorem_4_1",
    "proposition_4_2": "theorems.proposition_4_2",
    "proposition_4_3": "theorems.proposition_4_3",
    "theorem_4_4": "theorems.theorem_4_4",
    "proposition_4_5": "theorems.proposition_4_5",
    "theorem_5_1": "theorems.theorem_5_1",
    "Built": "theorems.built:Built",
    "BuiltStages": "theorems.staged_built:BuiltStages",
    "MemoryCell": "experiments.memory.training:MemoryCell",
    "Recipe": "experiments.training:Recipe",
    "train_memory": "experiments.memory.training:train_memory",
    "Outcomes": "experiments.outcomes:Outcomes",
    "Result": "result:Result",
    "results": "registry:ROWS",
    "claim": "chapters.ledger:claim",
    "report": "chapters.ledger:report",
    "reports": "chapters.ledger:reports",
    "keep": "chapters.ledger:keep",
    "claims_table": "chapters.ledger:claims_table",
    "stored_claims": "chapters.stored_results:stored_claims",
    "Table": "show.tables:Table",
    "outward": "decimals:outward",
    "figures": "show.figures",
}
"""Where each name of the face stands below tapx: a module, or ``module:name``."""

__all__ = [*FACE]


def __getattr__(name: str) -> object:
    """A name of the face, loaded when it is first asked for.

    Raises:
        AttributeError: there is none of this name; the nearest is named.
    """
    if name in FACE:
        module, _, inside = FACE[name].partition(":")
        found = importlib.import_module(f"tapx.{module}")
        globals()[name] = getattr(found, inside) if inside else found
        return globals()[name]
    text = f"module 'tapx' has no attribute {name!r}"
    if not name.startswith("__"):
        from tapx.checks import nearest_word

        near = nearest_word(name, FACE)
        text += f"; the nearest name is {near!r}"
    raise AttributeError(text, name=name, obj=sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted({*globals(), *FACE})


class _Moved:
    """The last that Python asks for a module: says where one of an old name is now."""

    @staticmethod
    def find_spec(name: str, path: object, target: object = None, /) -> None:
        """Find nothing.

        Raises:
            ModuleNotFoundError: an earlier version had a module of this name. The
                error's `name` stays empty: Python drops one with a submodule's name.
        """
        moved = name.startswith("tapx.") and importlib.import_module("tapx.moved")
        if moved and moved.told(name):
            raise ModuleNotFoundError(moved.told(name))


sys.meta_path.append(_Moved)

# Three wings bear the names of flat modules of an earlier version, and say where what
# stood there is now. Their own files hold no code, so the answer is given to them here.
for _wing in ("kernels", "readouts", "targets"):

    def _not_here(name: str, _wing: str = f"tapx.{_wing}") -> object:
        text = importlib.import_module("tapx.moved").told(f"{_wing}.{name}")
        raise AttributeError(text or f"module {_wing!r} has no attribute {name!r}")

    vars(importlib.import_module(f"tapx.{_wing}"))["__getattr__"] = _not_here
