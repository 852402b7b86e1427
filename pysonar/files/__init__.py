"""Files on this machine: how they are written, kept secret and read. It knows no party and no chain."""
