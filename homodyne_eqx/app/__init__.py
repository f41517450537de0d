"""The command line, its reports and figures."""
