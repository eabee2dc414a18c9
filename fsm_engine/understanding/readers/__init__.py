"""One module per slot type; each reads a value from free text and never raises on what a user typed."""
