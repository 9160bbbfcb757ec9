"""What a drill leaves behind: its record, report, charts, JUnit file and comparison."""
