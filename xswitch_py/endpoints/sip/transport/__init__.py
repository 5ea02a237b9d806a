"""How SIP messages travel: UDP, TCP, TLS and WebSockets."""
