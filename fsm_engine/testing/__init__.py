"""For testers: transcripts as tests, generated conversations."""
