"""Small token files in the form of OpenWebText's, made on the spot."""

from pathlib import Path

import numpy as np


def made(
    folder: Path, train: int = 3000, held_back: int = 2000, vocabulary: int = 50257
) -> tuple[np.ndarray, np.ndarray]:
    """Write `train.bin` and `val.bin`; returns what they hold.

    Ids of few kinds in a noisy cycle, so that there is something to learn.
    """
    rng = np.random.default_rng(0)
    kinds = np.linspace(0, vocabulary - 1, min(vocabulary, 40)).astype(np.uint16)
    both = []
    for name, length in (("train", train), ("val", held_back)):
        steps = rng.choice([1, 1, 1, 7], size=length)
        ids = kinds[np.cumsum(steps) % len(kinds)]
        ids.tofile(folder / f"{name}.bin")
        both.append(ids)
    return both[0], both[1]
