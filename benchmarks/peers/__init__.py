"""The account dialogue on other tools, a module per tool, beside the engine: ``python -m benchmarks.peers``."""
