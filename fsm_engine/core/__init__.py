"""The rules of dialogue, pure: the same flows, state and turn always give the same outcome."""
