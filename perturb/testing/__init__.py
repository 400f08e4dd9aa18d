"""What the pytest plugin does: markers read, tests run as agents or as plan files, their numbers judged, told and compared."""
