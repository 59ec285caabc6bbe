"""How requests reach the calls, and how replies leave: dispatch, faults, the server, the state file."""
