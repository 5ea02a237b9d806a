"""Gateways: carriers and other switches that calls go out to and come in from."""
