"""A mine whose data take more than one machine: exact sums over row groups, on a cluster of its own."""
