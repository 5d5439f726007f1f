"""Where the names of earlier versions are now; read only when an import has failed.

Before a colon stands a place, behind it what moved there, by its old dotted name below
tapx; after ``>`` its new name, where it has another one.
"""

_INTO = """
checks: targets.check_lags;
result: theorems.lemmas.ORDERS;
kernels: adaptive_kernels>adaptive bump>proofs constructions.essential_kernels>nearest
    decaying descartes>zeros enclosures>distances kernels.by_norm>best_kernel
    least_squares quadrature reduction>shortest search signed_sums>terms tails
    variable_projection>fit window_search windows;
kernels.kernel: kernels.Delta kernels.Kernel;
kernels.balls: enclosures.PrecisionError enclosures.certified enclosures.lower
    enclosures.precision enclosures.square enclosures.upper kernels.Number kernels.exact
    kernels.rational kernels.round_to_bits;
kernels.family: bounds.heads_to_recall kernels.FAMILIES>Family;
kernels.solve: kernels.interpolation kernels.projection;
kernels.window_search: windows.best windows.window_question;
limits: affine_minimax finders hankel_bounds>hankel_rank l1_simplex>simplex
    limits.token_rank>rank pairing>all_rates recall_certificates>recall
    token_bounds>rank weight_bounds window_bounds>rank;
limits.equal_rates: toy_floors.Tokens toy_floors.basis toy_floors.captured
    toy_floors.limit toy_floors.limit_question;
network: attention convolution evaluation_rounding fused>practice heads lag_weights
    language_model positions recurrence streaming transformer;
readouts: barron>two_layer barron_approximation>approximation barron_norms>norms
    barron_sup>sup memory_functions rounding;
readouts.exact_nets: readouts.linear readouts.parity readouts.ridge;
targets: adaptive_targets>adaptive influence nested_targets toy_targets>signs
    worked_examples;
targets.adaptive: theorems.adaptive_errors.check_depth;
targets.memories: targets.EssentialMemory targets.FixedMemory targets.LinearMemory;
theorems: bounds>lemmas bounds_adaptive>adaptive_errors bounds_decaying>lemmas
    bounds_depth>proposition_4_5 bounds_nested>theorem_4_4 constructions.built
    constructions.built_essential>built theorems.built_essential>built
    constructions.built_stages>staged_built
    constructions.certificate constructions.dot>proposition_4_2
    constructions.one_layer_network>one_layer constructions.stage_network
    constructions.staged constructions.stages float_sums one_layer>flattened;
theorems.lemmas: bounds.best_order>recall_order bounds.lemma_f1>recall_bound
    bounds.lemma_f2>recall_bound bounds.lemma_f4>recall_bound
    bounds.lemma_f5>recall_bound bounds_decaying.best_order>decay_bound
    bounds_decaying.lemma_f3>decay_bound bounds_decaying.lemma_f6>decay_bound;
theorems.proof_spacing: bounds.best_spacing>recall_spacing
    bounds_decaying.best_spacing>decay_spacing;
limits.recall: bounds.l2_lower_bound bounds_decaying.alternating_floor
    bounds_decaying.class_optimum;
theorems.built: constructions.Built constructions.BuiltEssential>Built
    theorems.built_essential.BuiltEssential>Built;
theorems.staged_built: constructions.BuiltStages;
theorems.theorem_3_1: bounds.attention_theorem_3_1>attention_error bounds.head_shares
    bounds.theorem_3_1>bound constructions.allocate constructions.fixed>construct;
theorems.theorem_4_1: bounds_adaptive.rounding_width bounds_adaptive.theorem_4_1>bound
    constructions.adaptive>construct;
theorems.theorem_4_4: constructions.nested>construct;
theorems.theorem_5_1: constructions.essential>construct;
theorems.proposition_4_3: constructions.tmx>construct;
theorems.proposition_4_5: bounds_depth.deep_widths>widths
    bounds_depth.proposition_4_5>bound constructions.deep>construct;
experiments: language_outcomes>outcomes precision>number_formats stacks
    toy_spreads>outcomes training window_training>all_windows;
experiments.models: experiments.signs.networks.written;
experiments.cost: bench bench_parts cost>counts measure;
experiments.language: corpus dot_product_experiment>dot_products language_cells>cells
    language_experiment>sizes language_training>training language_views>views ngrams
    overlap token_files;
experiments.memory: descent fixed_rates memory_experiment>tables memory_views>views
    projected_descent>projected starting_points>starts;
experiments.signs: toy_floors>floors toy_networks>networks toy_products>products
    toy_readouts>readouts toy_stacks>stack toy_training>training toy_views>views;
show: figures tables;
chapters: claim_index claim_views claims code_hash environment errata guide interpreter
    ledger nbval_comparison>nbval notebooks parameters profiles record_checks records
    reruns runs scoreboard stored_results
"""

MOVED = {"choices": "checks", "constructions": "theorems"}
"""New dotted names by old ones, both below tapx: of modules, and of what left one."""
for _block in _INTO.split(";"):
    _place, *_words = _block.split()
    for _word in _words:
        _old, _, _new = _word.partition(">")
        MOVED[_old] = f"{_place[:-1]}.{_new or _old.rpartition('.')[2]}"


def told(name: str) -> str:
    """Where the thing of this dotted name is now, and all that was inside it."""
    return "\n".join(
        f"tapx.{old} is now tapx.{new}"
        for old, new in sorted(MOVED.items())
        if f"tapx.{old}.".startswith(f"{name}.")
    )
