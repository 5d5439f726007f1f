"""The chapter on kernels runs at the corners of its parameters."""

from tapx import runs

CORNER = {
    "lag": 1,
    "heads": 2,
    "power_lag": 8,
    "power_heads": 1,
    "weight_bits": 8,
    "bits_grid": [8],
    "bump_heads": [4],
    "power_bump_heads": [4],
    "search_heads": [1],
}


def test_smallest_parameters(tmp_path):
    done = runs.run("kernels", CORNER, profile="smoke", output=tmp_path)
    ids = {claim.id for claim in done.claims}
    assert "lemma-F.1/best-l1-lag1-heads2" in ids
    assert "lemma-F.4/too-few-heads-l1" in ids
