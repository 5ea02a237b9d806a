"""SIP without I/O: messages, transactions, dialogs and registrations as plain data and pure machines.

Usable without the rest of this project, of which it imports nothing. There is no socket and no clock in here: bytes and
the time are arguments, and what shall be sent, and when a timer shall fire, comes back as effects.
"""
