"""The `fsm-engine` command: `app` names the commands, one module each does the work, `screen` speaks to people."""
