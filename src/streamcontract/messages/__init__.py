"""Messages of topics as lines of JSON: read, filtered, checked and written for the command line."""
