"""The fsm-engine command."""
