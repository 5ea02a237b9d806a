"""The shapes that programs see: written once, for REST, JSON-RPC and their documents."""
