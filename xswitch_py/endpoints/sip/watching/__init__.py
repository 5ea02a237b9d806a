"""Event packages: phones that want to know what users do (RFC 6665)."""
