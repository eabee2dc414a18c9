"""The files in these folders are examples of flow files, not transcripts to play."""

collect_ignore_glob = ["bad/*", "good/*"]
