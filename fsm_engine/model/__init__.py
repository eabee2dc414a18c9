"""Values that the rooms hand to each other: flows, slots, sessions, turns and problems. No behaviour, no I/O."""
