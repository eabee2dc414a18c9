"""What goes wrong, made to go wrong: each module here is one row of the fault table in docs/reliability.md.

The short form runs with the other tests. `make faults` runs the long form and gathers the figures.
"""
