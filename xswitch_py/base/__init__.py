"""Words: what everything else speaks in. No loop, no socket, no clock."""
