"""What the machine or the container grants: memory, processors, places for caches."""
