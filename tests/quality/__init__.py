"""How good the graders are: what `tests.mutants`, `tests.stability` and `tests.report_card` share."""
