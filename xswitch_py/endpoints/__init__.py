"""Front doors: one folder for each protocol, all alike; none imports another."""
