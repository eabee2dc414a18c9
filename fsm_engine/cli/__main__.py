"""``python -m fsm_engine.cli`` is the `fsm-engine` command."""

from fsm_engine.cli.app import main

main()
