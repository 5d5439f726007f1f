"""What the ground floor, the face, `tapx.show` and `tapx.chapters` refuse."""

import math
from pathlib import Path

import torch
from flint import arb
from made_calls import each
from made_claims import entry
from small_book import PARAMETERS, chapter

import tapx
from tapx.chapters import errata, notebooks, output_folders, parameters, sources
from tapx.chapters.claims import evaluate, finite_number
from tapx.checks import Refusal, at_least, one_of
from tapx.limits import finders
from tapx.show import figures, tables

TOKENS = torch.ones(1, 3, 1)
DECLARED = parameters.parse(PARAMETERS)
heads, rate, position, lags, dense = (
    DECLARED[name].validate for name in ("heads", "rate", "position", "lags", "dense")
)
CLAIMS = [entry("a/one", "contradicted as printed"), entry("a/bad", "fails")]
WORDS = (True, "1", 1j, None)
parsed, outward = parameters.parse, tables.outward


def claim(measured=2.0, relation="<=", reference=3.0, id="thm-3.1/error", **rest):
    return evaluate(id, measured, relation, reference, "it is so", **rest)


def named(id):
    return claim(id=id)


def evidence(answer, *ids):
    return errata.Errata(CLAIMS, []).evidence(answer, *ids)


def best_kernel(*given, **options):
    return tapx.best_kernel(tapx.Delta(7), 12, *given, **options)


VALUE_ERROR = {
    # The ground floor
    "did you mean '(kernels|KERNELS)'": lambda: one_of(
        "Kernels", ("transformer", "kernels"), "chapter"
    ),
    "place 'lim'; did you mean 'lin'": lambda: one_of("lim", ("lin", "log"), "place"),
    "width=0: give at least 1": lambda: at_least(1, heads=1, width=0),
    "rate=nan: give at least 0": lambda: at_least(0, rate=math.nan),
    "is not finite: allowed is a finite number": each(outward, arb("nan"), arb("inf")),
    "^(nan|inf): allowed is a finite number": each(outward, math.nan, math.inf),
    "digits is (0|-1): allowed is 1 or more": each(outward, (1.0, 0), (1.0, -1)),
    # The face
    "'linear'; did you mean 'lin'. One of lin, log": lambda: best_kernel("linear"),
    "'l3'; did you mean .* One of l1, l2": lambda: best_kernel("lin", norm="l3"),
    "bits=8: in l2 the only choice is 53": lambda: tapx.best_kernel(
        tapx.Decay(tapx.LIN, 1.0), 1, "log", "l2", 8
    ),
    # Pictures and tables
    "index=-1: give at least 0": lambda: figures.series(-1),
    "unknown role 'trainde'": lambda: figures.role("trainde"),
    "unknown kind 'wyde'": lambda: figures.size("wyde"),
    "the head has 2": lambda: tables.Table(("a", "b"), [("x",)], "t"),
    # Claims
    "did you mean '<'. One of <, <=, ==": lambda: claim(relation="=<"),
    "'printed'; did you mean 'computed'. One of bound": lambda: claim(source="printed"),
    "unknown verdict 'hold'; did you mean 'holds'": lambda: claim(verdict="hold"),
    "unknown verdict 'fails'": lambda: claim(verdict="fails"),
    "'sharp'; did you mean 'sharpness'": lambda: claim(role="sharp"),
    "positive relative tolerance": lambda: claim(relation="~"),
    "only '~' takes one": lambda: claim(tolerance=0.1),
    "did you mean 'certified'": lambda: claim(kind="certifed"),
    "only the kind 'evaluated'": lambda: claim(kind="computed", rounding=1e-12),
    "rounding -1.0: .* 0 or more": lambda: claim(kind="evaluated", rounding=-1.0),
    "rounding is nan: .* finite": lambda: claim(kind="evaluated", rounding=math.nan),
    "two claims, '<=' and '>='": (
        lambda: claim(kind="trained", relation="=="),
        lambda: claim(kind="timed", relation="~", tolerance=0.1),
    ),
    "measured is nan: allowed is a finite": lambda: claim(math.nan),
    "reference is inf: allowed is a finite": lambda: claim(reference=math.inf),
    "claim id .*: allowed is result/quantity": each(
        named, "error", "thm/", "thm-3.1/a b", "a/b/c", "/b"
    ),
    # Errata
    "no claim 'a/oen'; the nearest is 'a/one'": lambda: evidence("confirmed", "a/oen"),
    "did you mean 'confirmed'": lambda: evidence("confirmd", "a/one"),
    "rests on claims; none was named": lambda: evidence("confirmed"),
    "'a/bad' fails: it settles nothing": lambda: evidence("confirmed", "a/bad"),
    "'holds'; did you mean": lambda: errata.Errata(CLAIMS, []).rest(["holds"]),
}
TYPE_ERROR = {
    "allowed is a real number": each(outward, *WORDS),
    "measured is .* of type .*: allowed is a finite number": each(
        finite_number, *(("measured", value) for value in WORDS)
    ),
    "torch.float32 .* torch.float64: .*x.to.torch.float64": lambda: tapx.Transformer(
        1, 2, width=2, dtype=torch.float64
    )(TOKENS),
    "torch.float64 .* torch.float32: .*x.to.*float32": lambda: tapx.Attention(1, 1)(
        TOKENS.double()
    ),
    "in l1 allowed is a Delta, in l2 a Decay": lambda: best_kernel("lin", norm="l2"),
}
REFUSAL = {
    # Output folders
    "'' is no folder: name one, or leave --output out": lambda: (
        output_folders.check_output("")
    ),
    "in the book .* whose chapters a run must not replace": (
        lambda: output_folders.check_output(notebooks.book_directory()),
        lambda: output_folders.check_output(notebooks.book_directory() / "new"),
        lambda: output_folders.check_output("x/..", Path()),
    ),
    "can be written .*null byte": lambda: output_folders.check_output("\0"),
    "not valid UTF-8; rename it": (
        lambda: sources.check_texts({"data": "caf\udce9"}),
        lambda: sources.check_texts({"words": ["a", "\udce9"]}),
    ),
    "chapter 'one'; there is none": lambda: one_of("one", (), "chapter", Refusal),
    "is kernels/power-lag3$": lambda: finders.find(["kernels/power-lag33"]),
    # Parameters
    "'heads': ('many'|True|None) is not a whole number": each(
        heads, "many", True, None
    ),
    "'heads': '1e1' is not a whole .*nearest is 10": lambda: heads("1e1"),
    "'heads': '?2.5'? is not a whole .*nearest is 2$": each(heads, "2.5", 2.5),
    "'heads': '(99.7|1e9|1e400)' is not a whole .*nearest is 64$": each(
        heads, "99.7", "1e9", "1e400"
    ),
    "'seed': 2147483648 is out .*0 to 1000.; nearest is 1000$": lambda: DECLARED[
        "seed"
    ].validate("2147483648"),
    "'heads': 65 is out .*2 to 64.; nearest is 64": lambda: heads("65"),
    "'heads': 1 is out of range .*nearest is 2$": lambda: heads("1"),
    "'rate': .* is not a number": each(rate, "nan", "inf", "1e999", math.nan, True),
    "'rate': '1e999' is not a number .*nearest is 2$": lambda: rate("1e999"),
    "'rate': 0.0 is out of .*0.001 to 2.*nearest is 0.001": lambda: rate("0"),
    "'position': .*one of lin, log.*nearest is lin": lambda: position("lim"),
    "'position': 3 is not a word": lambda: position(3),
    "'lags': ('x'|.'2'.|'1;2') is not a whole number .*written 1,8 or": each(
        lags, "1,x", "[1, [2]]", "1;2"
    ),
    "'lags': ('.1, 2'|3) is not a list .*written 1,8 or": each(lags, "[1, 2", 3),
    "'lags': 101 .*each 1 to 100.*nearest is 100": lambda: lags("1,101"),
    "'lags': the list is empty; give one value": each(lags, [], "", "[]"),
    "'dense': ('yes'|1) is not true or false": each(dense, "yes", 1),
    "3 is not a word.*allowed: a path": lambda: parsed(
        'data: str = ""  # a folder, a path'
    )["data"].validate(3),
    "unknown parameter 'head'.*did you mean 'heads'": lambda: parameters.resolve(
        DECLARED, {"head": 3}
    ),
    "odd has no parameters cell": lambda: parameters.of_notebook(chapter(), "odd"),
}
PARAMETERS_ERROR = {
    "not 'name: type = value  # meaning, range'": each(
        parsed, "heads = 4  # heads, 1 to 9", "import os"
    ),
    "'meaning, range' is missing": lambda: parsed("heads: int = 4"),
    "ends: heads: int = 4": lambda: parsed("heads: int = 4  # heads"),
    "allowed are int, float, str": lambda: parsed("heads: int | None = 4  # h, 1 to 9"),
    "not a plain literal": lambda: parsed("heads: int = 2 + 2  # h, 1 to 9"),
    "the default does not fit.*nearest is 5": lambda: parsed(
        "heads: int = 4  # h, 5 to 9"
    ),
    "words need 'one of …' or 'a path', numbers 'LOW to HIGH'": each(
        parsed, "heads: int = 4  # h, one of 4, 5", 'word: str = "a"  # a word, 1 to 2'
    ),
    "whole ends of its range": lambda: parsed("n: int = 1  # n, 0.5 to 2"),
    "a path has the type str": lambda: parsed("heads: int = 4  # h, a path"),
    "'heads' is set twice": lambda: parsed("heads: int = 4  # h, 1 to 9\n" * 2),
}
