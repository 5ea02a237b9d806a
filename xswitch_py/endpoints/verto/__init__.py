"""Verto: JSON-RPC over WebSocket, as FreeSWITCH's mod_verto and its browser clients speak it."""
