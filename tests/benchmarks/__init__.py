"""How fast it is, against what the same machine could do at best: `uv run python -m tests.benchmarks [NAME ...]`.

Each module has `run() -> list[Row]`, and says in its docstring what ours and the reference do. Ours and the reference
run in turns, in one process or in fresh ones, so that whatever else the machine does hits both. Ratios carry over to
other machines; times do not. `--full` takes the sizes of the design (10 M rows); otherwise a fifth of them.
"""
