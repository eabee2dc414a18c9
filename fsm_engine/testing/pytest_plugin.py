"""Collects transcripts (``transcript:`` files) as tests."""
