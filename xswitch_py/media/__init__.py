"""Sounds and pictures."""
