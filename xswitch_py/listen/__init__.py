"""The ports that browsers and phones come in by: HTTP, WebSockets and TLS."""
