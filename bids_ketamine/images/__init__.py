"""The only room that reads, masks, smooths and writes images."""
