"""Answers of trained models to whoever is on the page; torch is not needed."""
