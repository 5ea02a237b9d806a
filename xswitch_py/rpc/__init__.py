"""JSON-RPC for scripts: every command, XCC's names for those about channels, and what happens as notifications."""
