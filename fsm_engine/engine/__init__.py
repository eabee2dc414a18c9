"""The shell: loads, asks the hooks, advances, commits, runs actions. It has few verbs and no rules of dialogue."""
