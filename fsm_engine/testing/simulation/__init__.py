"""Whole-engine simulation: many users, several processes and every mishap, in virtual time, from one seed."""
