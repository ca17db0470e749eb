"""One module for each output format; each turns a report into text."""
