"""What `tapx.network` refuses."""

import torch
from made_blocks import language_model as small
from made_calls import each

from tapx.network import lag_weights, positions
from tapx.network.attention import Attention
from tapx.network.evaluation_rounding import evaluation_rounding, quotient_rounding
from tapx.network.positions import PerLag
from tapx.network.practice import fused, row_blocks
from tapx.network.recurrence import totals
from tapx.network.streaming import BlockStream
from tapx.network.transformer import FeedForward, Transformer

F64 = torch.float64
TOKENS = torch.ones(1, 3, 2, dtype=F64)


def block(position="lin", score="none", normalisation="finite", **more):
    """Attention of three heads with the slopes 1, 0 and 1, or as given."""
    options = {"heads": 3, "slopes": [1.0, 0.0, 1.0][: more.get("heads", 3)]} | more
    if position == "t5" or isinstance(position, PerLag):
        del options["slopes"]
    kinds = {"position": position, "score": score, "normalisation": normalisation}
    return Attention(2, **{"dtype": F64} | kinds | options)


def infinite_sum(position, *slopes):
    return positions.get(position).infinite_sum(torch.tensor(slopes, dtype=F64))


def grown():
    return block(slopes=[1.0, -1.0, 1.0])(torch.ones(1, 30, 2, dtype=F64), "fft")


def rows(*args, **options):
    return next(row_blocks(block(**options), TOKENS, *args))


def network(**given):
    return Transformer(2, 4, **({"layers": 1, "heads": 3, "width": 5} | given))


VALUE_ERROR = {
    "unknown position function 'linn'; did you mean 'lin'": lambda: block("linn"),
    "unknown position function 'logg'; did you mean 'log'": (
        lambda: positions.get("logg"),
        lambda: network(position="logg"),
    ),
    "unknown position 'lag'; did you mean 'log'": lambda: small(position="lag"),
    "unknown score 'dott'; did you mean 'dot'": lambda: block(score="dott"),
    "unknown score 'dots'; did you mean 'dot'": lambda: small(score="dots"),
    "did you mean 'infinite'": lambda: block(normalisation="infinit"),
    "unknown evaluation 'lst'; did you mean 'last'": lambda: block()(TOKENS, "lst"),
    "'ft'; did you mean 'fft'": lambda: network(dtype=F64)(TOKENS, "ft"),
    "'interger'; did you mean 'integer'": lambda: FeedForward(
        1, 1, precision="interger"
    ),
    "'key'; did you mean 'keys'": lambda: fused(block(), TOKENS, "key"),
    # Sizes
    "heads=0: give at least 1": (
        lambda: block(heads=0),
        lambda: small(heads=0),
        lambda: positions.alibi_slopes(0),
    ),
    "2 heads need 2 slopes": lambda: block(heads=2, slopes=[1.0]),
    "layers=0: give at least 1": (lambda: network(layers=0), lambda: small(layers=0)),
    "width is needed": lambda: network(width=None),
    "width=0: give at least 1": lambda: network(width=0),
    "batch=0: give at least 1": lambda: BlockStream(Attention(2, 1), 0),
    "rows=0: give at least 1": lambda: rows(0),
    "vocabulary=1: give at least 2": lambda: small(vocabulary=1),
    "context=1: give at least 2": lambda: small(context=1),
    "prompt: empty; give ids 0 to 10": lambda: small().generate([], 1, 1.0),
    "prompt: id 11; give ids 0 to 10": lambda: small().generate([11], 1, 1.0),
    "length=0, .*: give at least 1": lambda: small().generate([1], 0, 1.0),
    "temperature=-1.*: give .* and 0": lambda: small().generate([1], 1, -1.0),
    # Positions
    "1 <= buckets < horizon": lambda: positions.get("t5", buckets=8, horizon=8),
    "needs scale > 0, not 0": lambda: positions.get("kerple-log", scale=0),
    "0 < exponent <= 2, not 2.5": lambda: positions.get("kerple-power", exponent=2.5),
    "lag 5 asked of a": lambda: PerLag(2, 5).logits(None, torch.arange(6.0)),
    "(1|3) heads in torch.float32 does not fit attention of 2 heads in": each(
        Attention, (2, 2, PerLag(1, 8)), (2, 2, PerLag(3, 8))
    ),
    "in torch.float64 does not fit": lambda: Attention(2, 2, PerLag(2, 8, dtype=F64)),
    # Infinite sums
    r"head 1 has slope 0\.9": lambda: infinite_sum("log", 1.5, 0.9),
    "head 0 has slope 0": lambda: infinite_sum("lin", 0.0),
    "no closed form for the infinite sum": (
        *each(infinite_sum, ("t5", 1.0), ("kerple-power", 1.0)),
        lambda: block("t5", normalisation="infinite"),
    ),
    "head 2 has slope 1, but": each(
        block("log", "none", "infinite", slopes=[2.0, 2.0, 1.0]),
        *((TOKENS, way) for way in ("dense", "last", "fft")),
    ),
    # Evaluations
    "'tmx' needs position 'lin' or 'log', not 't5'": lambda: block("t5", "tmx"),
    "'fft' needs score 'none' or 'tmx'": lambda: block(score="dot")(TOKENS, "fft"),
    "head 1's weights grow": grown,
    "would lose digits": lambda: lag_weights.running(
        torch.arange(6, dtype=F64)[None] * 100, "finite", None
    ),
    "'recurrence' needs position 'lin', not 'log'": (
        lambda: block("log")(TOKENS, "recurrence"),
        lambda: BlockStream(Attention(2, 1, "log")),
    ),
    "'recurrence' needs score 'none' or 'tmx', not 'dot'": (
        lambda: block(score="dot")(TOKENS, "recurrence"),
        lambda: BlockStream(block(score="dot")),
    ),
    "head 1 has slope -9: its weights grow": lambda: totals(
        torch.tensor([1.0, -9.0], dtype=F64), 100
    ),
    "head 1 has slope 0, but the sum": lambda: block(normalisation="infinite")(
        TOKENS, "recurrence"
    ),
    "not 'tmx'.*the nearest is 'none'": lambda: fused(
        block("lin", "tmx", "none"), TOKENS
    ),
    "must be 'finite', not 'infinite'": lambda: rows(normalisation="infinite"),
    "'keys' needs position 'lin', not 'log'": lambda: fused(
        block("log"), TOKENS, "keys"
    ),
    # Rounding
    "length 0 .* of at least 1": lambda: evaluation_rounding(block(), 0),
    "radius -1.0: .* of at least 0": lambda: evaluation_rounding(block(), 3, -1.0),
    "one number a lag has no slopes": lambda: evaluation_rounding(
        block(PerLag(1, 4, dtype=F64), heads=1), 3
    ),
    "no quotients": lambda: quotient_rounding([]),
}
TYPE_ERROR = {
    "allowed is torch.float64": lambda: evaluation_rounding(Attention(2, 1, "lin"), 3),
    "tokens of torch.float32 do not fit weights of torch.float64: give x.to": (
        lambda: FeedForward(2, 1, dtype=F64)(TOKENS.float()),
        lambda: fused(block(), TOKENS.float()),
        lambda: list(row_blocks(block(), TOKENS.float())),
        lambda: BlockStream(block()).step(TOKENS[:, 0].float()),
    ),
}
