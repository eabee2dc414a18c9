"""A dialogue engine that bots embed and can trust: YAML flows, checkpointed after every turn."""
