"""What people type, read without I/O: canonical text, values, intents, risk phrases."""
