"""Candidate links between individuals that resolution kept apart: ranked, calibrated, explained, never merged by themselves."""
