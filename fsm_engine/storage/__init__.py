"""Where sessions live: what a store promises, and the databases that keep the promise."""
