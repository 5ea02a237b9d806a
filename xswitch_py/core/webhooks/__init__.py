"""Webhooks: events told to other servers, as Standard Webhooks has it."""
