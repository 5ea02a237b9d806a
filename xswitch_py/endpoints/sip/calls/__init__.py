"""Calls: one peer of one call, from its INVITE to its BYE."""
