"""Dead letters: policies for poison, the dead letter topic, and its replay."""
