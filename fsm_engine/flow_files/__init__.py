"""YAML files to checked flows, with file, line and column for everything an author should mend."""
